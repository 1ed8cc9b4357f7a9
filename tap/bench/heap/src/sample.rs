//! One run of one workload: as the process that does it prints it, and as files keep it.

use std::fmt;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use crate::problem::Problem;

/// The figures of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) workload: String,
    pub(crate) allocator: String,
    pub(crate) operations: u64,
    pub(crate) wall_ns: u64,
    pub(crate) processor_ns: u64,
    /// Resident bytes at the peak of the process.
    pub(crate) peak: u64,
    /// Resident bytes before the workload's measured part began.
    pub(crate) before: u64,
    /// Bytes in use at the peak; 0 when they were not counted.
    pub(crate) used: u64,
    /// Blocks asked for; 0 when they were not counted.
    pub(crate) blocks: u64,
    /// `name:count`, or `-`.
    pub(crate) note: String,
}

/// The first line of a file of samples.
const HEADER: &str =
    "workload,allocator,operations,wall_ns,processor_ns,peak,before,used,blocks,note";

impl Sample {
    /// Operations a second of wall time.
    pub(crate) fn speed(&self) -> f64 {
        self.operations as f64 * 1e9 / self.wall_ns.max(1) as f64
    }

    /// Operations a second of processor time: steadier on a busy machine, but blind to waiting.
    pub(crate) fn thrift(&self) -> f64 {
        self.operations as f64 * 1e9 / self.processor_ns.max(1) as f64
    }

    /// Reads a line as [`fmt::Display`] writes it; nothing if it is no such line.
    pub(crate) fn parse(line: &str) -> Option<Self> {
        let mut cells = line.trim().split(',');
        let mut text = || cells.next().map(str::to_owned);
        let (workload, allocator) = (text()?, text()?);
        let mut number = || text()?.parse().ok();
        Some(Self {
            workload,
            allocator,
            operations: number()?,
            wall_ns: number()?,
            processor_ns: number()?,
            peak: number()?,
            before: number()?,
            used: number()?,
            blocks: number()?,
            note: cells.next()?.to_owned(),
        })
    }
}

impl fmt::Display for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            workload,
            allocator,
            operations,
            wall_ns,
            processor_ns,
            peak,
            before,
            used,
            blocks,
            note,
        } = self;
        write!(
            f,
            "{workload},{allocator},{operations},{wall_ns},{processor_ns},{peak},{before},{used},{blocks},{note}"
        )
    }
}

/// Reads the samples that a file keeps; none if there is no such file.
pub(crate) fn saved(path: &Path) -> Vec<Sample> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().filter_map(Sample::parse).collect()
}

/// Appends a sample to a file.
pub(crate) fn save(path: &Path, sample: &Sample) -> Result<(), Problem> {
    let append = || {
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        let new = file.metadata()?.len() == 0;
        let text = if new { format!("{HEADER}\n{sample}\n") } else { format!("{sample}\n") };
        file.write_all(text.as_bytes())
    };
    append().map_err(Problem::with(path.display()))
}

/// The middle of the values; the mean of the middle two when their number is even; 0 when there are none.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let n = sorted.len();
    match n {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// The difference of the extremes over the median.
pub(crate) fn spread(values: &[f64]) -> f64 {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(0.0, f64::max);
    if values.is_empty() {
        0.0
    } else {
        (high - low) / median(values.iter().copied()).max(f64::MIN_POSITIVE)
    }
}

/// The geometric mean; 0 when there are no values.
pub(crate) fn geometric_mean(values: &[f64]) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    (values.iter().map(|value| value.ln()).sum::<f64>() / values.len() as f64).exp()
}

#[cfg(test)]
mod tests {
    use super::{HEADER, Sample, geometric_mean, median, save, saved, spread};

    #[test]
    fn lines_come_back_as_they_went() {
        let sample = Sample {
            workload: "larson-4".into(),
            allocator: "glibc".into(),
            operations: 1000,
            wall_ns: 500,
            processor_ns: 700,
            peak: 4096,
            before: 1024,
            used: 3000,
            blocks: 9,
            note: "respawns:7".into(),
        };
        assert_eq!(Sample::parse(&sample.to_string()), Some(sample.clone()));
        assert_eq!(Sample::parse(HEADER), None);
        assert_eq!(Sample::parse("larson-4,glibc,12"), None);
        assert!((sample.speed() - 2e9).abs() < 1.0);
    }

    #[test]
    fn middles_and_means() {
        assert!((median([3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median([4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        assert!((geometric_mean(&[1.0, 4.0]) - 2.0).abs() < 1e-9);
        assert!((spread(&[9.0, 10.0, 12.0]) - 0.3).abs() < 1e-9);
    }

    #[test]
    fn samples_are_kept_one_by_one() {
        let path = std::env::temp_dir().join(format!("rs_heap_bench-{}.csv", std::process::id()));
        assert!(saved(&path).is_empty());
        let lines = ["trees-1,hoard,9,8,7,6,5,4,3,-", "larson-4,glibc,9,8,7,6,5,4,3,respawns:2"];
        let samples: Vec<Sample> = lines.iter().filter_map(|line| Sample::parse(line)).collect();
        for sample in &samples {
            save(&path, sample).expect("a temporary file");
        }
        let text = std::fs::read_to_string(&path).expect("written above");
        assert_eq!(text, format!("{HEADER}\n{}\n{}\n", lines[0], lines[1]));
        assert_eq!((saved(&path), samples.len()), (samples, 2));
        std::fs::remove_file(&path).expect("written above");
    }
}
