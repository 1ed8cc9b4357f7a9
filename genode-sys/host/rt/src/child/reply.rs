//! What calls of a child that may have to wait are answered, at once or late.
use genode_abi::*;
use genode_host_proto::interface::parent::{Closed, SessionError};
use genode_host_proto::opcode::OPCODES;
use genode_wire::Cap;

use crate::entrypoint::Late;
use crate::handle::Owned;

/// What `session` answers.
pub(super) fn session_result(result: Result<Owned, rs_err_t>) -> Result<Cap<Owned>, i32> {
    let error = |e| match e {
        RS_OUT_OF_RAM => SessionError::OutOfRam,
        RS_OUT_OF_CAPS => SessionError::OutOfCaps,
        RS_INSUFFICIENT_RAM => SessionError::InsufficientRam,
        RS_INSUFFICIENT_CAPS => SessionError::InsufficientCaps,
        _ => SessionError::Denied,
    };
    result.map(Cap).map_err(|e| error(e).number(&OPCODES))
}

/// The late reply to `session`.
pub(super) fn late_session(result: Result<Owned, rs_err_t>) -> Late {
    Late::new(&session_result(result))
}

/// The late reply to `close`.
pub(super) fn late_end() -> Late {
    Late::new(&Closed::Done)
}
