//! The descriptors of this component, as many as core permits it.
//!
//! A descriptor that is sent to a component with no room for it is lost: Linux drops it, and the
//! message arrives without.
use genode_abi::*;
use genode_host_proto::control::Request;
use rustix::io::Errno;

use crate::{control, outside};

/// Tells whether all descriptors are in use, so that none can arrive, and then core of it, which
/// logs it once. Takes no lock.
#[cold]
pub(crate) fn are_full() -> bool {
    // The smallest free number is taken and given back at once.
    let full = !outside::is()
        && matches!(rustix::io::fcntl_dupfd_cloexec(control::socket(), 0), Err(Errno::MFILE));
    if full {
        control::tell_unlocked(Request::DescriptorsFull, &[]);
    }
    full
}

/// Returns the error for a descriptor that should have come and did not.
#[cold]
pub(crate) fn missing() -> rs_err_t {
    if are_full() { RS_OUT_OF_CAPS } else { RS_GONE }
}
