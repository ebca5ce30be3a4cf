//! The embedded Jaeger beside the real all-in-one 1.62.0: the same prepared messages to both, by
//! each protocol, in turns; how many spans a second they take, and what a span costs and occupies.
//!
//! Needs the real one: Docker with its image, or the program that `JAEGER_ALL_IN_ONE` names.

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmarks read /proc, which is Linux alone");

#[path = "../../tests/support/real_jaeger.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod real_jaeger;
mod send;
mod server;
#[path = "../support/mod.rs"]
mod support;

use std::{path::Path, time::Instant};

use bytes::Bytes;
use clap::{Parser, ValueEnum};
use serde::Serialize;

use server::Server;
use support::{
    Result,
    messages::{self, Protocol},
    statistics::median,
};

/// As many as a service makes in a minute at two thousand requests a second.
const MESSAGES: u64 = 2_000;

/// How the embedded Jaeger compares with the real one.
#[derive(Parser)]
struct Args {
    /// Rounds: every ratio is a median of so many
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Given by `cargo bench`; without it nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

/// What became of all messages of one protocol at one of the two.
#[derive(Debug, Serialize)]
struct Run {
    server: &'static str,
    protocol: Protocol,
    spans_sent: u64,
    /// Found again.
    spans_stored: u64,
    messages_refused: usize,
    /// From the first message until it had nothing more to do.
    spans_per_second: f64,
    cpu_microseconds_per_span: f64,
    /// Growth of the resident memory.
    memory_bytes_per_span: f64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if !args.bench {
        println!("a benchmark: cargo bench --bench jaeger");
        return Ok(());
    }
    let folder = Path::new(env!("CARGO_BIN_EXE_axum-jaeger"))
        .ancestors()
        .nth(2);
    let folder = folder.ok_or("no folder")?;
    let Some(real) = Server::real(folder) else {
        println!(
            "Nothing was compared: there is no real Jaeger. Docker has no image {}, and {} names no program.",
            real_jaeger::IMAGE,
            real_jaeger::PROGRAM,
        );
        return Ok(());
    };
    let mut runs = Vec::new();
    for protocol in Protocol::value_variants() {
        let messages = messages::of(*protocol, MESSAGES)?;
        for round in 0..args.rounds {
            let mut servers = [&Server::Embedded, &real];
            servers.rotate_left(round % 2);
            for server in servers {
                let run = measure(server, *protocol, &messages).await?;
                eprintln!("round {}: {run:?}", round + 1);
                runs.push(run);
            }
        }
    }
    print(&runs);
    let path = folder.join("jaeger.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&runs)?)?;
    println!("\nEvery run: {}", path.display());
    Ok(())
}

async fn measure(server: &Server, protocol: Protocol, messages: &[Bytes]) -> Result<Run> {
    let running = server.start()?;
    running.idle_since()?;
    let (cpu, memory) = (
        running.process.cpu_time()?,
        running.process.resident_memory()?,
    );
    let since = Instant::now();
    let messages_refused = send::all(&running.addresses, protocol, messages).await?;
    let time = running.idle_since()? - since;
    let cpu = running.process.cpu_time()? - cpu;
    let memory = running.process.resident_memory()?.saturating_sub(memory);
    let spans_stored = stored(&running).await?;
    let each = |whole: f64| whole / spans_stored as f64;
    Ok(Run {
        server: server.name(),
        protocol,
        spans_sent: MESSAGES * messages::SPANS,
        spans_stored,
        messages_refused,
        spans_per_second: spans_stored as f64 / time.as_secs_f64(),
        cpu_microseconds_per_span: each(cpu.as_secs_f64() * 1e6),
        memory_bytes_per_span: each(memory as f64),
    })
}

/// How many spans the query API gives out: each has its operation's name once.
async fn stored(running: &server::Running) -> Result<u64> {
    const NAME: &[u8] = b"\"operationName\":";
    let query = running.addresses.query;
    let url = format!(
        "http://{query}/api/traces?service={}&limit=10000000",
        messages::SERVICE
    );
    let answer = reqwest::get(url).await?.error_for_status()?.bytes().await?;
    let found = answer.windows(NAME.len()).filter(|text| *text == NAME);
    Ok(found.count() as u64)
}

/// Ratios of the embedded one to the real one, by the rounds.
fn print(runs: &[Run]) {
    println!(
        "\n| | spans/s | CPU time of a span | memory of a stored span | stored of sent, embedded and real |"
    );
    println!("|---|---|---|---|---|");
    for protocol in Protocol::value_variants() {
        let of = |server: &'static str| {
            let is_it = move |run: &&Run| run.server == server && run.protocol == *protocol;
            runs.iter().filter(is_it)
        };
        let ratio = |figure: fn(&Run) -> f64| {
            let pairs = of("embedded").zip(of("real"));
            median(pairs.map(|(embedded, real)| figure(embedded) / figure(real)))
        };
        let middle = |server, figure: fn(&Run) -> f64| median(of(server).map(figure));
        let share = |server| {
            middle(server, |run| {
                run.spans_stored as f64 / run.spans_sent as f64
            })
        };
        println!(
            "| {protocol:?} | {:.2} ({:.0} to {:.0}) | {:.2} ({:.1} to {:.1} µs) | {:.2} ({:.0} to {:.0} bytes) | {:.1} %, {:.1} % |",
            ratio(|run| run.spans_per_second),
            middle("embedded", |run| run.spans_per_second),
            middle("real", |run| run.spans_per_second),
            ratio(|run| run.cpu_microseconds_per_span),
            middle("embedded", |run| run.cpu_microseconds_per_span),
            middle("real", |run| run.cpu_microseconds_per_span),
            ratio(|run| run.memory_bytes_per_span),
            middle("embedded", |run| run.memory_bytes_per_span),
            middle("real", |run| run.memory_bytes_per_span),
            share("embedded") * 100.0,
            share("real") * 100.0,
        );
    }
}
