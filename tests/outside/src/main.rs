//! A program with one variable, one span and one log line.

use std::{error::Error, time::Duration};

use telemetry::{
    Settings,
    env::{Env, variables},
};

variables! {
    /// The variable.
    struct Variables {
        /// Number of items.
        items: i64 = 1;
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut env = Env::from_process();
    let own: Variables = env.read();
    let settings = Settings::read(&mut env);
    env.finish()?;
    let telemetry = telemetry::init(&settings)?;
    work(own.items);
    telemetry.shutdown(Duration::from_secs(5)).await;
    Ok(())
}

#[tracing::instrument]
fn work(items: i64) {
    tracing::info!("working");
}
