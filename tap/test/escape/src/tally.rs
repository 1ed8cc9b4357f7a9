//! Attempts and controls that were made, and how they went.
use rs_raw as seam;

/// Tells whether every attempt was refused and every control succeeded.
#[derive(Default)]
pub(crate) struct Tally {
    refused: u32,
    controls: u32,
    wrong: u32,
}

impl Tally {
    /// An attempt that must fail.
    pub(crate) fn attempt(&mut self, what: &str, succeeded: bool) {
        if succeeded {
            self.wrong += 1;
            seam::log(&format!("SUCCEEDED: {what}"));
        } else {
            self.refused += 1;
            seam::log(&format!("refused: {what}"));
        }
    }

    /// Controls: what must work, for attempts that look like it.
    pub(crate) fn control(&mut self, what: &str, works: bool) {
        if works {
            self.controls += 1;
            seam::log(&format!("permitted: {what}"));
        } else {
            self.wrong += 1;
            seam::log(&format!("FAILED: {what}"));
        }
    }

    /// Says how many there were, and ends the component.
    pub(crate) fn finish(self) -> ! {
        let Self { refused, controls, wrong } = self;
        seam::log(&format!(
            "{refused} attempts refused, {controls} controls held, {wrong} surprises"
        ));
        seam::exit(i32::from(wrong > 0))
    }
}
