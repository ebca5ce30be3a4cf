//! What tracing and logging cost: the real binary in each MODE, untraced, and other libraries'
//! services.
//!
//! Each run starts a program anew, puts load on `/`, and takes the CPU time of that process alone.
//! Runs of all variants are interleaved, each round begins with another one, and a ratio is the
//! median of the rounds' ratios: what else the machine does moves all of them alike.
//!
//! `cargo bench --bench cost -- --help` has the settings.

#[cfg(not(target_os = "linux"))]
compile_error!("the benchmarks read /proc, which is Linux alone");

mod load;
mod measure;
mod report;
mod spread;
mod start;
#[path = "../support/mod.rs"]
mod support;
mod variant;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use clap::{Parser, ValueEnum};

use load::Load;
use measure::Bench;
use report::{Report, Table};
use support::{Result, receiver::Receivers};
use variant::{MODES, Variant};

/// How much tracing and logging cost a service.
#[derive(Parser)]
struct Args {
    /// What to measure
    #[arg(value_enum, default_value_t = What::All)]
    what: What,
    /// Rounds of the table: every figure is a median of so many
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Seconds of each run of the table
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// The table's variants
    #[arg(long, value_enum, value_delimiter = ',', default_values_t = Variant::value_variants().iter().copied())]
    variants: Vec<Variant>,
    /// Another build's axum-jaeger: the table's runs of the service at full load are made with both
    #[arg(long)]
    beside: Option<PathBuf>,
    /// Given by `cargo bench`; without it nothing is measured
    #[arg(long, hide = true)]
    bench: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// Everything
    All,
    /// CPU time, latency, memory and bytes of each variant
    Table,
    /// A minute of full load in each MODE: is a span lost, how much memory does it take
    Minute,
    /// Time to the first request served, memory at rest
    Start,
}

fn main() -> Result<()> {
    let args = Args::parse();
    if !args.bench {
        println!("a benchmark: cargo bench --bench cost");
        return Ok(());
    }
    let asked = |what| args.what == What::All || args.what == what;
    let programs = programs()?;
    if asked(What::Table) && args.variants.iter().any(|variant| variant.is_peer()) {
        build_peers(&programs)?;
    }
    let receivers = Receivers::start()?;
    let bench = Bench {
        service: Path::new(env!("CARGO_BIN_EXE_axum-jaeger")),
        programs: &programs,
        receivers: &receivers,
    };
    let mut report = Report::new()?;
    if asked(What::Table) {
        report.table = Some(table(&bench, &args)?);
    }
    if asked(What::Minute) {
        for mode in MODES {
            eprintln!("a minute of full load: {}", mode.name());
            let run = bench.run(mode, Load::Full, Duration::from_secs(60))?;
            report.minute.insert(mode.name(), run);
        }
    }
    if asked(What::Start) {
        for mode in MODES {
            eprintln!("start: {}", mode.name());
            report
                .start
                .insert(mode.name(), start::measure(&bench, mode)?);
        }
    }
    print!("{report}");
    let path = programs.with_file_name("cost.json");
    std::fs::write(&path, serde_json::to_vec_pretty(&report)?)?;
    println!("\nEvery run: {}", path.display());
    Ok(())
}

/// The folder that cargo puts programs in.
fn programs() -> Result<PathBuf> {
    let service = Path::new(env!("CARGO_BIN_EXE_axum-jaeger"));
    Ok(service.parent().ok_or("no folder")?.to_owned())
}

/// With the profile that the service has been built with, to the same place.
fn build_peers(programs: &Path) -> Result<()> {
    eprintln!("building the peers");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .args(["build", "--locked", "--profile", "bench"])
        .args(["--package", "axum-jaeger-peers"])
        .arg("--manifest-path")
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"))
        .arg("--target-dir")
        .arg(programs.parent().ok_or("no folder")?)
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err("the peers cannot be built".into()),
    }
}

fn table(bench: &Bench<'_>, args: &Args) -> Result<Table> {
    let time = Duration::from_secs(args.seconds);
    let beside = args.beside.as_deref();
    let beside = beside.map(|service| Bench { service, ..*bench });
    let mut table = Table::new(&args.variants);
    for round in 0..args.rounds {
        for number in rotated(args.variants.len(), round) {
            let variant = args.variants[number];
            let row = &mut table.rows[number];
            let mut builds = vec![(bench, &mut row.full)];
            if let Some(beside) = beside.as_ref().filter(|_| !variant.is_peer()) {
                builds.push((beside, &mut row.beside));
            }
            // Each is the first one in every other round.
            if round % 2 == 1 {
                builds.reverse();
            }
            for (bench, runs) in builds {
                let run = bench.run(variant, Load::Full, time)?;
                progress(round, variant, &run);
                runs.push(run);
            }
        }
    }
    table.half_rate = table.half_of_the_least_full_load();
    for round in 0..args.rounds {
        for number in rotated(args.variants.len(), round) {
            let variant = args.variants[number];
            let run = bench.run(variant, Load::Rate(table.half_rate), time)?;
            progress(round, variant, &run);
            table.rows[number].half.push(run);
        }
    }
    Ok(table)
}

fn rotated(count: usize, by: usize) -> impl Iterator<Item = usize> {
    (0..count).map(move |number| (number + by) % count)
}

fn progress(round: usize, variant: Variant, run: &measure::Run) {
    eprintln!(
        "round {}: {:16} {:6.2} us/request {:7.0} requests/s  p50 {} us  p99 {} us  spans {}/{}  {:.0} % busy",
        round + 1,
        variant.name(),
        run.cpu_microseconds_per_request,
        run.requests_per_second,
        run.p50_microseconds,
        run.p99_microseconds,
        run.spans_received,
        run.answered,
        run.cores_busy * 100.0,
    );
}
