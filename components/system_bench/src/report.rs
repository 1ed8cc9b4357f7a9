//! Medians, spreads and ratios.

/// Times of some runs, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// The middle one; 0 if there is none.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(0.0)
    }

    fn bounds(&self) -> (f64, f64) {
        let end = |t: Option<&f64>| t.copied().unwrap_or(0.0);
        (end(self.0.first()), end(self.0.last()))
    }
}

/// Collects lines, and whether every target was met.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) missed: usize,
}

impl Report {
    /// An absolute time.
    pub(crate) fn time(&mut self, name: &str, times: &Times) {
        let (min, max) = times.bounds();
        let (median, runs) = (times.median(), times.0.len());
        self.missed += usize::from(runs == 0);
        println!(
            "{name:<52} {:>9.2} us  ({:.2} to {:.2}, {runs} runs)",
            median / 1e3,
            min / 1e3,
            max / 1e3
        );
    }

    /// A value that shall be at most `target`.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, target: f64, unit: &str) {
        let met = value <= target;
        self.missed += usize::from(!met);
        println!(
            "{name:<52} {value:>9.2} {unit}  (target <= {target} {unit}: {})",
            if met { "met" } else { "MISSED" }
        );
    }

    /// A value that shall be at least `target`.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, target: f64, unit: &str) {
        let met = value >= target;
        self.missed += usize::from(!met);
        println!(
            "{name:<52} {value:>9.2} {unit}  (target >= {target} {unit}: {})",
            if met { "met" } else { "MISSED" }
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_nothing_is_zero() {
        assert!((Times::new(vec![3.0, 1.0, 2.0]).median() - 2.0).abs() < f64::EPSILON);
        assert!(Times::default().median().abs() < f64::EPSILON);
        let mut report = Report::default();
        report.at_most("a", 2.0, 1.0, "x");
        report.at_least("b", 2.0, 1.0, "x");
        assert_eq!(report.missed, 1);
    }
}
