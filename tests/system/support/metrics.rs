//! A service's `/metrics`, read strictly: what is not OpenMetrics fails the test.

use std::collections::{BTreeMap, BTreeSet};

use super::service::Service;

/// All samples of one answer.
pub struct Scrape(Vec<Sample>);

#[derive(Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: f64,
    /// The labels and the value of the exemplar.
    pub exemplar: Option<(BTreeMap<String, String>, f64)>,
}

impl Scrape {
    /// The metrics of `service` now, in OpenMetrics.
    pub async fn of(service: &Service) -> Self {
        Self::at(&service.client, &service.metrics_url()).await
    }

    /// The metrics at `url` now, in OpenMetrics.
    pub async fn at(client: &reqwest::Client, url: &str) -> Self {
        let response = client
            .get(url)
            .header("accept", "application/openmetrics-text; version=1.0.0")
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(
            response.headers()["content-type"],
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        );
        Self::parse(&response.text().await.unwrap())
    }

    /// OpenMetrics 1.0, as much of its grammar as a service uses.
    pub fn parse(text: &str) -> Self {
        let body = text.strip_suffix("# EOF\n").expect("the end of the text");
        let mut types = BTreeMap::new();
        let mut series = BTreeSet::new();
        let mut samples = Vec::new();
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let mut words = comment.splitn(3, ' ');
                let mut word = || words.next().expect(line);
                match (word(), word(), word()) {
                    ("TYPE", family, kind) => {
                        let new = types.insert(family.to_owned(), kind.to_owned()).is_none();
                        assert!(new, "{family} comes twice");
                    }
                    ("HELP", ..) => {}
                    ("UNIT", family, unit) => assert!(family.ends_with(unit), "{line}"),
                    _ => panic!("{line}"),
                }
                continue;
            }
            let sample = Sample::parse(line);
            let family_has = |suffix: &str, kind: &str| {
                let family = sample.name.strip_suffix(suffix);
                family
                    .and_then(|family| types.get(family))
                    .is_some_and(|found| found == kind)
            };
            assert!(
                family_has("", "gauge")
                    || family_has("_total", "counter")
                    || ["_bucket", "_sum", "_count"]
                        .map(|end| family_has(end, "histogram"))
                        .contains(&true),
                "{line} is of no type"
            );
            let new = series.insert((sample.name.clone(), sample.labels.clone()));
            assert!(new, "{line} comes twice");
            samples.push(sample);
        }
        Self(samples)
    }

    /// The samples of this name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &Sample> {
        self.0.iter().filter(move |sample| sample.name == name)
    }

    /// The sum of the samples of this name that have these labels.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        let has = |sample: &&Sample| {
            labels
                .iter()
                .all(|(key, value)| sample.labels[*key] == *value)
        };
        let sum: f64 = self.all(name).filter(has).map(|sample| sample.value).sum();
        sum as u64
    }

    /// The value of the only sample of this name.
    pub fn value(&self, name: &str) -> u64 {
        assert_eq!(self.all(name).count(), 1, "{name}");
        self.sum(name, &[])
    }

    pub fn started(&self) -> u64 {
        self.value("otel_sdk_span_started_total")
    }

    pub fn delivered(&self) -> u64 {
        self.sum(
            "otel_sdk_exporter_span_exported_total",
            &[("error_type", "")],
        )
    }

    pub fn lost(&self) -> u64 {
        self.sum("otel_sdk_exporter_span_exported_total", &[]) - self.delivered()
            + self.sum("otel_sdk_processor_span_processed_total", &[])
    }

    /// Spans whose end is not known yet.
    pub fn underway(&self) -> u64 {
        [
            "otel_sdk_span_live",
            "otel_sdk_processor_span_queue_size",
            "otel_sdk_exporter_span_inflight",
        ]
        .map(|name| self.value(name))
        .iter()
        .sum()
    }

    /// That each span is somewhere, and only there.
    pub fn check_account(&self) {
        assert_eq!(
            self.started(),
            self.underway() + self.delivered() + self.lost(),
            "{:#?}",
            self.0
        );
    }
}

impl Sample {
    fn parse(line: &str) -> Self {
        let (sample, exemplar) = match line.split_once(" # ") {
            None => (line, None),
            Some((sample, exemplar)) => (sample, Some(exemplar)),
        };
        let name_end = sample.find(['{', ' ']).expect(line);
        let (name, rest) = sample.split_at(name_end);
        let (labels, value) = labels(rest);
        Self {
            name: name.to_owned(),
            labels,
            value: value.trim_start().parse().expect(line),
            exemplar: exemplar.map(|exemplar| {
                let (labels, rest) = labels_of(exemplar);
                let numbers: Vec<f64> = rest
                    .split_whitespace()
                    .map(|n| n.parse().expect(line))
                    .collect();
                assert_eq!(numbers.len(), 2, "{line}: a value and a time");
                (labels, numbers[0])
            }),
        }
    }
}

/// The labels that `text` begins with, if it does, and what follows.
fn labels(text: &str) -> (BTreeMap<String, String>, &str) {
    if text.starts_with('{') {
        labels_of(text)
    } else {
        (BTreeMap::new(), text)
    }
}

/// No label of a service has an escaped character.
fn labels_of(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut labels = BTreeMap::new();
    let mut rest = text.strip_prefix('{').expect(text);
    while !rest.starts_with('}') {
        let (key, value) = rest.split_once("=\"").expect(text);
        let (value, after) = value.split_once('"').expect(text);
        assert!(!value.contains('\\'), "{text}");
        assert!(
            labels.insert(key.to_owned(), value.to_owned()).is_none(),
            "{text}"
        );
        rest = after.strip_prefix(',').unwrap_or(after);
    }
    (labels, &rest[1..])
}
