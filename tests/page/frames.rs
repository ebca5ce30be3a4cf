//! The frames in a performance trace of the browser.

use serde_json::Value;

/// The categories to record.
pub(crate) const CATEGORIES: &str = "blink.user_timing,disabled-by-default-devtools.timeline,disabled-by-default-devtools.timeline.frame";

/// The frames between the marks `phase` and `phase end`, which the page has set with
/// `performance.mark`; in milliseconds.
pub(crate) struct Frames {
    /// The time from the start of each frame to that of the next one.
    between: Vec<f64>,
    /// The time that the tasks of the page's main thread took for each.
    main: Vec<f64>,
    /// The part of that time in which the thread was running.
    processor: Vec<f64>,
}

impl Frames {
    pub(crate) fn of(events: &[Value], phase: &str) -> Self {
        let mark = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
        let (start, end) = (mark(phase), mark(&format!("{phase} end")));
        let here = |event: &&Value| {
            ["pid", "tid"].iter().all(|id| event[id] == start[id])
                && (time(start, "ts")..time(end, "ts")).contains(&time(event, "ts"))
        };
        let named = |name| {
            events
                .iter()
                .filter(here)
                .filter(move |event| event["name"] == name)
        };
        let mut starts: Vec<_> = named("BeginMainThreadFrame")
            .map(|event| time(event, "ts"))
            .collect();
        starts.sort_by(f64::total_cmp);
        let mut frames = Self {
            between: starts.windows(2).map(|pair| pair[1] - pair[0]).collect(),
            main: vec![0.0; starts.len()],
            processor: vec![0.0; starts.len()],
        };
        for task in named("RunTask") {
            // A frame starts within a task.
            let ends = time(task, "ts") + time(task, "dur");
            if let Some(frame) = starts.partition_point(|start| *start < ends).checked_sub(1) {
                frames.main[frame] += time(task, "dur");
                frames.processor[frame] += time(task, "tdur");
            }
        }
        frames
    }

    pub(crate) fn count(&self) -> usize {
        self.main.len()
    }
}

/// Converts the microseconds of the trace.
fn time(event: &Value, field: &str) -> f64 {
    event[field].as_f64().unwrap_or(0.0) / 1000.0
}

impl std::fmt::Display for Frames {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            to,
            "{} frames; ms, median and 95th percentile:",
            self.count()
        )?;
        for (what, times) in [
            ("between frames", &self.between),
            ("main thread", &self.main),
            ("of it on a processor", &self.processor),
        ] {
            let mut times = times.clone();
            times.sort_by(f64::total_cmp);
            let part = |part: usize| times.get(times.len() * part / 100).unwrap_or(&f64::NAN);
            write!(to, " {what} {:.1} {:.1};", part(50), part(95))?;
        }
        Ok(())
    }
}
