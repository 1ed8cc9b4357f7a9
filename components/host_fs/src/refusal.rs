//! Errors of the machine, as a client gets them.

use core::sync::atomic::{AtomicU32, Ordering};

use genode::{prelude::*, session::file_system::Refusal};
use host_files::Errno;

/// Lines of a disk's errors at most: clients can ask for them without end.
const TOLD_AT_MOST: u32 = 16;
static TOLD: AtomicU32 = AtomicU32::new(0);

/// Tells a client why the machine refused. What says that a disk is broken is told to the log too.
pub(crate) fn refusal(error: Errno) -> Refusal {
    match error {
        // A path that a link leads out of the directory is not there either.
        Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::LOOP | Errno::XDEV => {
            Refusal::LookupFailed
        }
        Errno::EXIST => Refusal::NodeAlreadyExists,
        Errno::NOTEMPTY => Refusal::NotEmpty,
        Errno::NAMETOOLONG => Refusal::NameTooLong,
        Errno::NOSPC | Errno::DQUOT | Errno::FBIG => Refusal::NoSpace,
        Errno::ACCESS | Errno::PERM | Errno::ROFS | Errno::TXTBSY | Errno::BUSY => {
            Refusal::PermissionDenied
        }
        Errno::MFILE | Errno::NFILE => Refusal::OutOfCaps,
        _ => {
            if TOLD.fetch_add(1, Ordering::Relaxed) < TOLD_AT_MOST {
                error!("the machine refuses: {error}");
            }
            Refusal::Unavailable
        }
    }
}
