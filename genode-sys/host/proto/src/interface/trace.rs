//! `Trace::Session`: threads as subjects, and the time that they ran.

use genode_wire::values;

use super::calls;

calls! {
    /// Calls of a TRACE session.
    pub enum Call of trace {
        /// The argument buffer.
        Dataspace = dataspace,
        /// Makes room for a policy. Answers its id, or an [`AllocError`](super::AllocError).
        AllocPolicy = alloc_policy { size: u64 },
        /// The memory of a policy.
        Policy = policy { policy: u32 },
        /// Removes a policy.
        UnloadPolicy = unload_policy { policy: u32 },
        /// Traces a subject by a policy, into a buffer of a size. Answers `Ok`, or a
        /// [`TraceError`].
        Trace = trace { subject: u32, policy: u32, size: u64 },
        /// Pauses the tracing of a subject.
        Pause = pause { subject: u32 },
        /// Goes on with it.
        Resume = resume { subject: u32 },
        /// Writes the ids of all subjects into the argument buffer. Answers their number, or an
        /// [`AllocError`](super::AllocError).
        Subjects = subjects,
        /// The buffer into which a subject is traced.
        Buffer = buffer { subject: u32 },
        /// Forgets a subject that ended, and its buffer.
        Free = free { subject: u32 },
        /// Writes what is known of each subject into the argument buffer
        /// ([`Infos`](genode_wire::trace::Infos)). Answers as [`Self::Subjects`].
        SubjectInfos = subject_infos,
    }
}

values! {
    /// `Trace::Session::Trace_rpc_error`.
    pub enum TraceError {
        /// The session's donation has no RAM left.
        OutOfRam = 0,
        /// The session's donation has no capabilities left.
        OutOfCaps = 1,
        /// Another session traces the subject.
        Foreign = 2,
        /// The subject ended.
        SourceIsDead = 3,
        /// There is no such subject.
        InvalidSubject = 4,
        /// There is no such policy.
        InvalidPolicy = 5,
    }
}
