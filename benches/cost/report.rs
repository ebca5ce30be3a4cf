//! The figures as ratios, in Markdown.

use std::{collections::BTreeMap, fmt};

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    measure::Run,
    spread::Spread,
    start::Start,
    support::{Result, statistics::median},
    variant::{MODES, PEERS, Variant},
};

const MEBIBYTE: f64 = 1024.0 * 1024.0;

/// All that was measured, and where.
#[derive(Serialize)]
pub(crate) struct Report {
    date: String,
    machine: String,
    pub(crate) table: Option<Table>,
    pub(crate) minute: BTreeMap<String, Run>,
    pub(crate) start: BTreeMap<String, Start>,
}

/// Every variant's runs.
#[derive(Serialize)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// Requests a second in the runs at half load.
    pub(crate) half_rate: f64,
}

/// One variant's runs, in the order of the rounds.
#[derive(Serialize)]
pub(crate) struct Row {
    #[serde(serialize_with = "by_name")]
    variant: Variant,
    pub(crate) full: Vec<Run>,
    pub(crate) half: Vec<Run>,
    /// As `full`, of another build.
    pub(crate) beside: Vec<Run>,
}

fn by_name<S: serde::Serializer>(variant: &Variant, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&variant.name())
}

impl Report {
    pub(crate) fn new() -> Result<Self> {
        let cpu = std::fs::read_to_string("/proc/cpuinfo")?;
        let model = cpu.lines().find_map(|line| line.strip_prefix("model name"));
        let model = model
            .unwrap_or_default()
            .trim_start_matches(['\t', ':', ' ']);
        let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
        let congestion = std::fs::read_to_string("/proc/sys/net/ipv4/tcp_congestion_control")?;
        let cores = std::thread::available_parallelism()?;
        Ok(Self {
            date: Timestamp::now().strftime("%Y-%m-%d").to_string(),
            machine: format!(
                "{cores} cores of {model}, Linux {}, TCP congestion control {}",
                kernel.trim(),
                // It decides how what is sent is paced.
                congestion.trim()
            ),
            table: None,
            minute: BTreeMap::new(),
            start: BTreeMap::new(),
        })
    }
}

impl Table {
    pub(crate) fn new(variants: &[Variant]) -> Self {
        let row = |&variant| Row {
            variant,
            full: Vec::new(),
            half: Vec::new(),
            beside: Vec::new(),
        };
        Self {
            rows: variants.iter().map(row).collect(),
            half_rate: 0.0,
        }
    }

    /// The same for all, so that latencies are of the same load. The service's alone: a peer that
    /// can do less does not make it easier.
    pub(crate) fn half_of_the_least_full_load(&self) -> f64 {
        let own = |row: &&Row| !row.variant.is_peer();
        let rows = if self.rows.iter().any(|row| own(&row)) {
            self.rows.iter().filter(own).collect::<Vec<_>>()
        } else {
            self.rows.iter().collect()
        };
        let full = rows.iter().map(|row| row.rate()).reduce(f64::min);
        full.unwrap_or_default() / 2.0
    }

    fn row(&self, variant: Variant) -> Option<&Row> {
        self.rows.iter().find(|row| row.variant == variant)
    }

    /// `of` of each round, by the same round's baseline; nothing for a baseline itself.
    fn ratio(&self, row: &Row, runs: fn(&Row) -> &[Run], of: fn(&Run) -> f64) -> Option<Spread> {
        let baseline = self.row(row.variant.baseline())?;
        if row.variant == baseline.variant {
            return None;
        }
        let pairs = runs(row).iter().zip(runs(baseline));
        Spread::of(pairs.map(|(run, baseline)| of(run) / of(baseline)))
    }

    /// What tracing and logging add to a request, in microseconds of CPU time, each round.
    fn added(&self, variant: Variant) -> Option<Vec<f64>> {
        let row = self.row(variant)?;
        let baseline = self.row(variant.baseline())?;
        if row.variant == baseline.variant {
            return None;
        }
        let pairs = row.full.iter().zip(&baseline.full);
        Some(
            pairs
                .map(|(run, baseline)| cpu(run) - cpu(baseline))
                .collect(),
        )
    }

    /// What `mode` adds, by what `peer` adds.
    fn added_by(&self, mode: Variant, peer: Variant) -> Option<Spread> {
        let pairs = self.added(mode)?.into_iter().zip(self.added(peer)?);
        Spread::of(pairs.map(|(mode, peer)| mode / peer))
    }
}

impl Row {
    fn full(&self) -> &[Run] {
        &self.full
    }

    fn half(&self) -> &[Run] {
        &self.half
    }

    fn rate(&self) -> f64 {
        median(self.full.iter().map(rate))
    }

    fn median(&self, runs: fn(&Self) -> &[Run], of: fn(&Run) -> f64) -> f64 {
        median(runs(self).iter().map(of))
    }

    fn sum(&self, of: fn(&Run) -> u64) -> u64 {
        self.full.iter().chain(&self.half).map(of).sum()
    }
}

fn cpu(run: &Run) -> f64 {
    run.cpu_microseconds_per_request
}

fn rate(run: &Run) -> f64 {
    run.requests_per_second
}

fn p50(run: &Run) -> f64 {
    run.p50_microseconds.into()
}

fn p99(run: &Run) -> f64 {
    run.p99_microseconds.into()
}

/// A cell that may be empty.
fn cell(value: Option<impl fmt::Display>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{}, {}\n", self.date, self.machine)?;
        if let Some(table) = &self.table {
            writeln!(f, "{table}")?;
        }
        for (mode, run) in &self.minute {
            writeln!(
                f,
                "A minute of full load, {mode}: {} spans received, peak memory {:.1} MiB ({:.2} of 64), cores {:.0} % busy, {} log lines written.",
                share(run.spans_received, run.answered),
                run.peak_memory_bytes as f64 / MEBIBYTE,
                run.peak_memory_bytes as f64 / MEBIBYTE / 64.0,
                run.cores_busy * 100.0,
                share(run.lines_written, run.answered),
            )?;
        }
        for (mode, start) in &self.start {
            let most = start.milliseconds.iter().copied().fold(0.0, f64::max);
            writeln!(
                f,
                "Start, {mode}: first request served after {:.1} ms ({:.2} of 50; at most {most:.1} of {} starts), {:.1} MiB at rest ({:.2} of 16).",
                start.median_milliseconds(),
                start.median_milliseconds() / 50.0,
                start.milliseconds.len(),
                start.memory_at_rest_bytes as f64 / MEBIBYTE,
                start.memory_at_rest_bytes as f64 / MEBIBYTE / 16.0,
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| | CPU time of a request | added | requests/s, full load | p50, half load | p99, half load | spans received | log lines | peak memory | bytes a span |\n\
             |---|---|---|---|---|---|---|---|---|---|"
        )?;
        for row in &self.rows {
            self.write_row(f, row)?;
        }
        writeln!(
            f,
            "\nHalf load is {:.0} requests/s. Each × is to the same program without spans and log lines, which is \
             `untraced` or `plain`: the median of the rounds, and their least and most.\n",
            self.half_rate
        )?;
        self.write_conclusions(f)?;
        self.write_beside(f)
    }
}

impl Table {
    fn write_row(&self, f: &mut fmt::Formatter<'_>, row: &Row) -> fmt::Result {
        let answered = row.sum(|run| run.answered);
        let spans = row.sum(|run| run.spans_received);
        let bytes = row.sum(|run| run.message_bytes);
        let lines = row.sum(|run| run.lines_written);
        let makes_spans = row.variant.makes_spans();
        let writes_lines = row.variant.writes_lines();
        let added = self.added(row.variant).map(median);
        writeln!(
            f,
            "| {} | {:.1} µs {} | {} | {:.0} {} | {:.0} µs {} | {:.0} µs {} | {} | {} | {:.1} MiB | {} |",
            row.variant.name(),
            row.median(Row::full, cpu),
            cell(self.ratio(row, Row::full, cpu)),
            cell(added.map(|added| format!("{added:.1} µs"))),
            row.rate(),
            cell(self.ratio(row, Row::full, rate)),
            row.median(Row::half, p50),
            cell(self.ratio(row, Row::half, p50)),
            row.median(Row::half, p99),
            cell(self.ratio(row, Row::half, p99)),
            cell(makes_spans.then(|| share(spans, answered))),
            cell(writes_lines.then(|| share(lines, answered))),
            row.median(Row::full, |run| run.peak_memory_bytes as f64 / MEBIBYTE),
            cell(makes_spans.then(|| bytes / spans.max(1))),
        )
    }

    /// What another build's requests take.
    fn write_beside(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.rows.iter().all(|row| row.beside.is_empty()) {
            return Ok(());
        }
        writeln!(
            f,
            "\n| CPU time of a request | this build | the other build | this by the other |\n|---|---|---|---|"
        )?;
        for row in &self.rows {
            let pairs = row.full.iter().zip(&row.beside);
            let ratio = Spread::of(pairs.map(|(run, beside)| cpu(run) / cpu(beside)));
            let Some(ratio) = ratio else { continue };
            let (name, this) = (row.variant.name(), row.median(Row::full, cpu));
            let other = median(row.beside.iter().map(cpu));
            writeln!(f, "| {name} | {this:.1} µs | {other:.1} µs | {ratio} |")?;
        }
        Ok(())
    }

    fn write_conclusions(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for mode in [Variant::NotSampled].into_iter().chain(MODES) {
            for peer in PEERS {
                if let Some(ratio) = self.added_by(mode, peer) {
                    let (mode, peer) = (mode.name(), peer.name());
                    writeln!(f, "CPU time added to a request: {mode} = {peer} {ratio}.")?;
                }
            }
        }
        for mode in MODES {
            let row = self.row(mode);
            if let Some(ratio) = row.and_then(|row| self.ratio(row, Row::half, p99)) {
                let mode = mode.name();
                writeln!(
                    f,
                    "{mode}: p99 at half load is {ratio} of the untraced one."
                )?;
            }
        }
        let modes = MODES.into_iter().filter_map(|mode| self.row(mode));
        let cpus = modes.map(|row| row.median(Row::full, cpu));
        if let Some(ratio) = Spread::of(cpus).map(|cpu| cpu.most / cpu.least) {
            writeln!(
                f,
                "CPU time of a request: dearest MODE = cheapest × {ratio:.2}."
            )?;
        }
        Ok(())
    }
}

/// Exact where it matters: 100 % is said of all alone.
fn share(there: u64, made: u64) -> String {
    match made.checked_sub(there) {
        Some(0) => "all".to_owned(),
        Some(lost) => format!("all but {lost} of {made}"),
        None => format!("{} more than {made}", there - made),
    }
}
