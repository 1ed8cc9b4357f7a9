//! Session arguments that are the start node's to decide, not the client's: `managing_system` and CPU priorities.
//!
//! Pure decision, with the semantics of Genode's `repos/os/src/lib/sandbox` (26.02).

use crate::args::{ArgsBuf, ArgsError};

/// Priorities are below this; 0 is the highest.
pub(super) const PRIORITY_LIMIT: u64 = 1 << 16;

/// What a start node allows its child.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Whether PD sessions of the child may manage the system.
    pub(super) managing_system: bool,
    /// Levels below the child's own highest priority, 0 to `prio_levels` - 1.
    pub(super) priority: u64,
    /// The logarithm of the number of priority levels; 0 leaves priorities alone.
    pub(super) prio_levels_log2: u32,
}

impl Policy {
    /// Makes the arguments of a session of `service` those that the child `name` may have.
    pub(super) fn filter<const N: usize>(
        &self,
        name: &str,
        service: &str,
        args: &mut ArgsBuf<N>,
    ) -> Result<(), ArgsError> {
        match service {
            "CPU" | "VM" if self.prio_levels_log2 > 0 => self.scale(args),
            "PD" => {
                let direct = args.args().label().is_ok_and(|label| label.as_str() == name);
                let wanted = direct || args.args().bool("managing_system", false);
                args.remove("managing_system");
                if self.managing_system && wanted {
                    args.set_bool("managing_system", true)?;
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Puts the priority that the client chose into the child's band.
    fn scale<const N: usize>(&self, args: &mut ArgsBuf<N>) -> Result<(), ArgsError> {
        let chosen = args.args().u64("priority", 0).min(PRIORITY_LIMIT - 1);
        let priority = (chosen >> self.prio_levels_log2)
            | (self.priority * (PRIORITY_LIMIT >> self.prio_levels_log2));
        args.set_u64("priority", priority)
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use proptest::prelude::*;

    use super::*;

    fn filtered(policy: Policy, service: &str, args: &str) -> alloc::string::String {
        let mut args = ArgsBuf::<256>::copy(args).unwrap();
        policy.filter("app", service, &mut args).unwrap();
        args.as_str().into()
    }

    #[test]
    fn only_a_start_node_makes_its_child_a_manager_of_the_system() {
        let no = Policy::default();
        let yes = Policy { managing_system: true, ..no };
        let is_manager =
            |args: &str| crate::args::ArgsRef::new(args).bool("managing_system", false);
        let sub = "label=\"app -> sub\", managing_system=yes, ram_quota=8K";
        assert_eq!(filtered(no, "PD", sub), "label=\"app -> sub\", ram_quota=8K");
        assert!(is_manager(&filtered(yes, "PD", sub)));
        assert!(!is_manager(&filtered(yes, "PD", "label=\"app -> sub\"")), "it did not ask");
        assert!(is_manager(&filtered(yes, "PD", "label=\"app\"")), "the child itself is meant");
        assert!(!is_manager(&filtered(no, "PD", "label=\"app\"")));
        assert_eq!(filtered(no, "ROM", sub), sub, "other services are not concerned");
    }

    #[test]
    fn priorities_are_scaled_into_the_band_of_the_start_node() {
        let policy = Policy { priority: 1, prio_levels_log2: 2, ..Policy::default() };
        let priority = |args: &str| {
            crate::args::ArgsRef::new(&filtered(policy, "CPU", args)).u64("priority", 99_999)
        };
        assert_eq!(priority("label=\"app\""), 0x4000);
        assert_eq!(priority("label=\"app -> x\", priority=0x8000"), 0x6000);
        assert_eq!(priority("label=\"app -> x\", priority=999999999"), 0x7fff);
        assert_eq!(filtered(Policy::default(), "CPU", "priority=7"), "priority=7");
    }

    proptest! {
        #[test]
        fn no_priority_leaves_its_band(log2 in 1u32..8, level: u64, chosen: u64) {
            let level = level % (1 << log2);
            let policy = Policy { priority: level, prio_levels_log2: log2, ..Policy::default() };
            let text = filtered(policy, "CPU", &format!("priority={chosen}"));
            let result = crate::args::ArgsRef::new(&text).u64("priority", u64::MAX);
            let band = PRIORITY_LIMIT >> log2;
            prop_assert!((level * band..(level + 1) * band).contains(&result), "{text}");
        }
    }
}
