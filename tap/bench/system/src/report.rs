//! Medians, spreads, ratios, and whether targets were met.

/// Times of some runs, in nanoseconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times(Vec<f64>);

impl Times {
    pub(crate) fn new(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        Self(times)
    }

    /// These and other runs of the same.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        Self::new(self.0)
    }

    /// The middle one; 0 if there is none.
    pub(crate) fn median(&self) -> f64 {
        self.0.get(self.0.len() / 2).copied().unwrap_or(0.0)
    }

    /// Least, 95 of 100, and greatest.
    fn spread(&self) -> [f64; 3] {
        let last = self.0.len().saturating_sub(1);
        [0, last * 95 / 100, last].map(|i| self.0.get(i).copied().unwrap_or(0.0))
    }
}

/// A bound that a value shall keep.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// The unit for a time, and its nanoseconds.
fn unit(time: f64) -> (&'static str, f64) {
    if time < 1e3 { ("ns", 1.0) } else { ("us", 1e3) }
}

/// Collects lines, and how many targets were missed.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) missed: usize,
}

impl Report {
    /// An absolute time.
    pub(crate) fn time(&mut self, name: &str, times: &Times) {
        let (unit, per) = unit(times.median());
        let [min, most, max] = times.spread().map(|t| t / per);
        let (median, runs) = (times.median() / per, times.0.len());
        // What was not measured meets no target.
        self.missed += usize::from(runs == 0);
        let most = if runs >= 100 { format!("95 % below {most:.2}, ") } else { String::new() };
        println!("{name:<44} {median:>9.2} {unit}  ({min:.2} to {max:.2}, {most}{runs} runs)");
    }

    /// The ratio of two medians, or of what one adds to another.
    pub(crate) fn ratio(&mut self, name: &str, of: f64, to: f64, target: Target) {
        let (unit, per) = unit(of.max(to));
        let how = format!("{:.2} {unit} / {:.2} {unit}", of / per, to / per);
        let ratio = if to > 0.0 { of / to } else { f64::NAN };
        self.value(name, ratio, "x", target, &how);
    }

    /// A value that shall meet a target.
    pub(crate) fn value(&mut self, name: &str, value: f64, unit: &str, target: Target, how: &str) {
        let (met, sign, target) = match target {
            Target::AtMost(t) => (value <= t, "<=", t),
            Target::AtLeast(t) => (value >= t, ">=", t),
        };
        self.missed += usize::from(!met);
        let verdict = if met { "met" } else { "MISSED" };
        let how = if how.is_empty() { String::new() } else { format!("{how}; ") };
        println!("{name:<44} {value:>9.2} {unit}  ({how}target {sign} {target} {unit}: {verdict})");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_and_nothing_is_zero() {
        let times = Times::new(vec![3.0, 1.0]).and(Times::new(vec![2.0]));
        assert!((times.median() - 2.0).abs() < f64::EPSILON);
        assert!((times.spread()[2] - 3.0).abs() < f64::EPSILON);
        assert!(Times::default().median().abs() < f64::EPSILON);
    }

    #[test]
    fn what_misses_its_target_or_was_not_measured_counts() {
        let mut report = Report::default();
        report.value("a", 2.0, "x", Target::AtMost(1.0), "");
        report.value("b", 2.0, "x", Target::AtMost(2.0), "");
        report.ratio("c", 2.0, 1.0, Target::AtLeast(3.0));
        assert_eq!(report.missed, 2);
        report.ratio("d", 0.0, 0.0, Target::AtMost(1.0));
        report.time("e", &Times::default());
        assert_eq!(report.missed, 4);
    }
}
