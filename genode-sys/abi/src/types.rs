// Generated from genode-sys/include/rs_genode.h by genode-sys/bindgen. Do not edit.
pub const RS_MAX_CAPS: u32 = 4;
pub const RS_MAX_BODY: u32 = 2048;
pub const RS_PAGE_SIZE: u32 = 4096;
pub const RS_ANY_NODE: i32 = -1;
pub const RS_MAX_LABEL: u32 = 160;
pub const RS_MAX_ARGS: u32 = 160;
pub const RS_OK: rs_err = 0;
pub const RS_OUT_OF_RAM: rs_err = 1;
pub const RS_OUT_OF_CAPS: rs_err = 2;
pub const RS_INSUFFICIENT_RAM: rs_err = 3;
pub const RS_INSUFFICIENT_CAPS: rs_err = 4;
pub const RS_DENIED: rs_err = 5;
pub const RS_INVALID: rs_err = 6;
pub const RS_GONE: rs_err = 7;
pub const RS_OVERFLOW: rs_err = 8;
pub const RS_UNSUPPORTED: rs_err = 9;
pub const RS_REGION_CONFLICT: rs_err = 10;
pub const RS_LIMIT: rs_err = 11;
pub const RS_NO_SYSTEM: rs_err = 12;
pub type rs_err = core::ffi::c_uint;
pub use self::rs_err as rs_err_t;
pub const RS_LOG: rs_log_level = 0;
pub const RS_WARNING: rs_log_level = 1;
pub const RS_ERROR: rs_log_level = 2;
pub type rs_log_level = core::ffi::c_uint;
pub use self::rs_log_level as rs_log_level_t;
pub type rs_cap_t = u64;
pub const RS_ENV_PARENT: rs_env_cap = 0;
pub const RS_ENV_PD: rs_env_cap = 1;
pub const RS_ENV_CPU: rs_env_cap = 2;
pub type rs_env_cap = core::ffi::c_uint;
pub use self::rs_env_cap as rs_env_cap_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_msg {
    pub data: *mut u8,
    pub len: usize,
    pub capacity: usize,
    pub caps: [rs_cap_t; 4usize],
    pub num_caps: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_msg"][::core::mem::size_of::<rs_msg>() - 64usize];
    ["Alignment of rs_msg"][::core::mem::align_of::<rs_msg>() - 8usize];
    ["Offset of field: rs_msg::data"][::core::mem::offset_of!(rs_msg, data) - 0usize];
    ["Offset of field: rs_msg::len"][::core::mem::offset_of!(rs_msg, len) - 8usize];
    ["Offset of field: rs_msg::capacity"][::core::mem::offset_of!(rs_msg, capacity) - 16usize];
    ["Offset of field: rs_msg::caps"][::core::mem::offset_of!(rs_msg, caps) - 24usize];
    ["Offset of field: rs_msg::num_caps"][::core::mem::offset_of!(rs_msg, num_caps) - 56usize];
};
pub type rs_msg_t = rs_msg;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_ep {
    _unused: [u8; 0],
}
pub type rs_ep_t = rs_ep;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_object {
    _unused: [u8; 0],
}
pub type rs_object_t = rs_object;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_location {
    pub x: i32,
    pub y: i32,
    pub w: u32,
    pub h: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_location"][::core::mem::size_of::<rs_location>() - 16usize];
    ["Alignment of rs_location"][::core::mem::align_of::<rs_location>() - 4usize];
    ["Offset of field: rs_location::x"][::core::mem::offset_of!(rs_location, x) - 0usize];
    ["Offset of field: rs_location::y"][::core::mem::offset_of!(rs_location, y) - 4usize];
    ["Offset of field: rs_location::w"][::core::mem::offset_of!(rs_location, w) - 8usize];
    ["Offset of field: rs_location::h"][::core::mem::offset_of!(rs_location, h) - 12usize];
};
pub type rs_location_t = rs_location;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_space {
    pub w: u32,
    pub h: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_space"][::core::mem::size_of::<rs_space>() - 8usize];
    ["Alignment of rs_space"][::core::mem::align_of::<rs_space>() - 4usize];
    ["Offset of field: rs_space::w"][::core::mem::offset_of!(rs_space, w) - 0usize];
    ["Offset of field: rs_space::h"][::core::mem::offset_of!(rs_space, h) - 4usize];
};
pub type rs_space_t = rs_space;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_affinity {
    pub space: rs_space_t,
    pub location: rs_location_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_affinity"][::core::mem::size_of::<rs_affinity>() - 24usize];
    ["Alignment of rs_affinity"][::core::mem::align_of::<rs_affinity>() - 4usize];
    ["Offset of field: rs_affinity::space"][::core::mem::offset_of!(rs_affinity, space) - 0usize];
    ["Offset of field: rs_affinity::location"]
        [::core::mem::offset_of!(rs_affinity, location) - 8usize];
};
pub type rs_affinity_t = rs_affinity;
pub type rs_dispatch_fn = ::core::option::Option<
    unsafe extern "C" fn(
        ctx: *mut core::ffi::c_void,
        call: *const rs_msg_t,
        reply: *mut rs_msg_t,
    ) -> i64,
>;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_signal {
    _unused: [u8; 0],
}
pub type rs_signal_t = rs_signal;
pub type rs_signal_fn =
    ::core::option::Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void, count: u32)>;
pub const RS_UNCACHED: rs_cache = 0;
pub const RS_WRITE_COMBINED: rs_cache = 1;
pub const RS_CACHED: rs_cache = 2;
pub type rs_cache = core::ffi::c_uint;
pub use self::rs_cache as rs_cache_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_attach_attr {
    pub offset: usize,
    pub size: usize,
    pub at: usize,
    pub writeable: bool,
    pub executable: bool,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_attach_attr"][::core::mem::size_of::<rs_attach_attr>() - 32usize];
    ["Alignment of rs_attach_attr"][::core::mem::align_of::<rs_attach_attr>() - 8usize];
    ["Offset of field: rs_attach_attr::offset"]
        [::core::mem::offset_of!(rs_attach_attr, offset) - 0usize];
    ["Offset of field: rs_attach_attr::size"]
        [::core::mem::offset_of!(rs_attach_attr, size) - 8usize];
    ["Offset of field: rs_attach_attr::at"][::core::mem::offset_of!(rs_attach_attr, at) - 16usize];
    ["Offset of field: rs_attach_attr::writeable"]
        [::core::mem::offset_of!(rs_attach_attr, writeable) - 24usize];
    ["Offset of field: rs_attach_attr::executable"]
        [::core::mem::offset_of!(rs_attach_attr, executable) - 25usize];
};
pub type rs_attach_attr_t = rs_attach_attr;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_rm {
    _unused: [u8; 0],
}
pub type rs_rm_t = rs_rm;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_region_map {
    _unused: [u8; 0],
}
pub type rs_region_map_t = rs_region_map;
pub const RS_FAULT_NONE: rs_fault_kind = 0;
pub const RS_FAULT_READ: rs_fault_kind = 1;
pub const RS_FAULT_WRITE: rs_fault_kind = 2;
pub const RS_FAULT_EXEC: rs_fault_kind = 3;
pub type rs_fault_kind = core::ffi::c_uint;
pub use self::rs_fault_kind as rs_fault_kind_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_fault {
    pub kind: rs_fault_kind_t,
    pub at: usize,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_fault"][::core::mem::size_of::<rs_fault>() - 16usize];
    ["Alignment of rs_fault"][::core::mem::align_of::<rs_fault>() - 8usize];
    ["Offset of field: rs_fault::kind"][::core::mem::offset_of!(rs_fault, kind) - 0usize];
    ["Offset of field: rs_fault::at"][::core::mem::offset_of!(rs_fault, at) - 8usize];
};
pub type rs_fault_t = rs_fault;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_quota {
    pub ram_limit: u64,
    pub ram_used: u64,
    pub caps_limit: u64,
    pub caps_used: u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_quota"][::core::mem::size_of::<rs_quota>() - 32usize];
    ["Alignment of rs_quota"][::core::mem::align_of::<rs_quota>() - 8usize];
    ["Offset of field: rs_quota::ram_limit"][::core::mem::offset_of!(rs_quota, ram_limit) - 0usize];
    ["Offset of field: rs_quota::ram_used"][::core::mem::offset_of!(rs_quota, ram_used) - 8usize];
    ["Offset of field: rs_quota::caps_limit"]
        [::core::mem::offset_of!(rs_quota, caps_limit) - 16usize];
    ["Offset of field: rs_quota::caps_used"]
        [::core::mem::offset_of!(rs_quota, caps_used) - 24usize];
};
pub type rs_quota_t = rs_quota;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_thread {
    _unused: [u8; 0],
}
pub type rs_thread_t = rs_thread;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_blockade {
    pub opaque: [u64; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_blockade"][::core::mem::size_of::<rs_blockade>() - 64usize];
    ["Alignment of rs_blockade"][::core::mem::align_of::<rs_blockade>() - 8usize];
    ["Offset of field: rs_blockade::opaque"][::core::mem::offset_of!(rs_blockade, opaque) - 0usize];
};
pub type rs_blockade_t = rs_blockade;
pub const RS_RESPONSE_OK: rs_response = 0;
pub const RS_RESPONSE_CLOSED: rs_response = 1;
pub const RS_RESPONSE_DENIED: rs_response = 2;
pub const RS_RESPONSE_INSUFFICIENT_RAM: rs_response = 3;
pub const RS_RESPONSE_INSUFFICIENT_CAPS: rs_response = 4;
pub type rs_response = core::ffi::c_uint;
pub use self::rs_response as rs_response_t;
pub const RS_RESOURCE_AVAIL: rs_parent_signal = 0;
pub const RS_YIELD: rs_parent_signal = 1;
pub const RS_HEARTBEAT: rs_parent_signal = 2;
pub type rs_parent_signal = core::ffi::c_uint;
pub use self::rs_parent_signal as rs_parent_signal_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_child {
    _unused: [u8; 0],
}
pub type rs_child_t = rs_child;
pub const RS_ROUTE_DENY: rs_route_kind = 0;
pub const RS_ROUTE_PARENT: rs_route_kind = 1;
pub const RS_ROUTE_CHILD: rs_route_kind = 2;
pub const RS_ROUTE_LOCAL: rs_route_kind = 3;
pub type rs_route_kind = core::ffi::c_uint;
pub use self::rs_route_kind as rs_route_kind_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_request {
    pub service: *const core::ffi::c_char,
    pub service_len: usize,
    pub label: *const core::ffi::c_char,
    pub label_len: usize,
    pub args: *const core::ffi::c_char,
    pub args_len: usize,
    pub affinity: rs_affinity_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_request"][::core::mem::size_of::<rs_request>() - 72usize];
    ["Alignment of rs_request"][::core::mem::align_of::<rs_request>() - 8usize];
    ["Offset of field: rs_request::service"][::core::mem::offset_of!(rs_request, service) - 0usize];
    ["Offset of field: rs_request::service_len"]
        [::core::mem::offset_of!(rs_request, service_len) - 8usize];
    ["Offset of field: rs_request::label"][::core::mem::offset_of!(rs_request, label) - 16usize];
    ["Offset of field: rs_request::label_len"]
        [::core::mem::offset_of!(rs_request, label_len) - 24usize];
    ["Offset of field: rs_request::args"][::core::mem::offset_of!(rs_request, args) - 32usize];
    ["Offset of field: rs_request::args_len"]
        [::core::mem::offset_of!(rs_request, args_len) - 40usize];
    ["Offset of field: rs_request::affinity"]
        [::core::mem::offset_of!(rs_request, affinity) - 48usize];
};
pub type rs_request_t = rs_request;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_route {
    pub kind: rs_route_kind_t,
    pub server: *mut rs_child_t,
    pub local: rs_cap_t,
    pub label: [core::ffi::c_char; 160usize],
    pub affinity: rs_affinity_t,
    pub forwards_to: rs_cap_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_route"][::core::mem::size_of::<rs_route>() - 216usize];
    ["Alignment of rs_route"][::core::mem::align_of::<rs_route>() - 8usize];
    ["Offset of field: rs_route::kind"][::core::mem::offset_of!(rs_route, kind) - 0usize];
    ["Offset of field: rs_route::server"][::core::mem::offset_of!(rs_route, server) - 8usize];
    ["Offset of field: rs_route::local"][::core::mem::offset_of!(rs_route, local) - 16usize];
    ["Offset of field: rs_route::label"][::core::mem::offset_of!(rs_route, label) - 24usize];
    ["Offset of field: rs_route::affinity"][::core::mem::offset_of!(rs_route, affinity) - 184usize];
    ["Offset of field: rs_route::forwards_to"]
        [::core::mem::offset_of!(rs_route, forwards_to) - 208usize];
};
pub type rs_route_t = rs_route;
pub const RS_CHILD_EXITED: rs_child_end = 0;
pub const RS_CHILD_FAULTED: rs_child_end = 1;
pub type rs_child_end = core::ffi::c_uint;
pub use self::rs_child_end as rs_child_end_t;
pub const RS_SESSION_CREATING: rs_session_state = 0;
pub const RS_SESSION_DENIED: rs_session_state = 1;
pub const RS_SESSION_INSUFFICIENT_RAM: rs_session_state = 2;
pub const RS_SESSION_INSUFFICIENT_CAPS: rs_session_state = 3;
pub const RS_SESSION_AVAILABLE: rs_session_state = 4;
pub const RS_SESSION_OPEN: rs_session_state = 5;
pub const RS_SESSION_UPGRADING: rs_session_state = 6;
pub const RS_SESSION_CLOSING: rs_session_state = 7;
pub const RS_SESSION_CLOSED: rs_session_state = 8;
pub type rs_session_state = core::ffi::c_uint;
pub use self::rs_session_state as rs_session_state_t;
pub const RS_OF_CLIENT: rs_environment = 0;
pub const RS_OF_PD: rs_environment = 1;
pub const RS_OF_CPU: rs_environment = 2;
pub const RS_OF_LOG: rs_environment = 3;
pub const RS_OF_BINARY: rs_environment = 4;
pub const RS_OF_LINKER: rs_environment = 5;
pub type rs_environment = core::ffi::c_uint;
pub use self::rs_environment as rs_environment_t;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_child_session {
    pub service: *const core::ffi::c_char,
    pub service_len: usize,
    pub requested: *const core::ffi::c_char,
    pub requested_len: usize,
    pub label: *const core::ffi::c_char,
    pub label_len: usize,
    pub args: *const core::ffi::c_char,
    pub args_len: usize,
    pub ram: u64,
    pub caps: u64,
    pub state: rs_session_state_t,
    pub environment: rs_environment_t,
    pub kind: rs_route_kind_t,
    pub server: *mut rs_child_t,
    pub local: rs_cap_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_child_session"][::core::mem::size_of::<rs_child_session>() - 112usize];
    ["Alignment of rs_child_session"][::core::mem::align_of::<rs_child_session>() - 8usize];
    ["Offset of field: rs_child_session::service"]
        [::core::mem::offset_of!(rs_child_session, service) - 0usize];
    ["Offset of field: rs_child_session::service_len"]
        [::core::mem::offset_of!(rs_child_session, service_len) - 8usize];
    ["Offset of field: rs_child_session::requested"]
        [::core::mem::offset_of!(rs_child_session, requested) - 16usize];
    ["Offset of field: rs_child_session::requested_len"]
        [::core::mem::offset_of!(rs_child_session, requested_len) - 24usize];
    ["Offset of field: rs_child_session::label"]
        [::core::mem::offset_of!(rs_child_session, label) - 32usize];
    ["Offset of field: rs_child_session::label_len"]
        [::core::mem::offset_of!(rs_child_session, label_len) - 40usize];
    ["Offset of field: rs_child_session::args"]
        [::core::mem::offset_of!(rs_child_session, args) - 48usize];
    ["Offset of field: rs_child_session::args_len"]
        [::core::mem::offset_of!(rs_child_session, args_len) - 56usize];
    ["Offset of field: rs_child_session::ram"]
        [::core::mem::offset_of!(rs_child_session, ram) - 64usize];
    ["Offset of field: rs_child_session::caps"]
        [::core::mem::offset_of!(rs_child_session, caps) - 72usize];
    ["Offset of field: rs_child_session::state"]
        [::core::mem::offset_of!(rs_child_session, state) - 80usize];
    ["Offset of field: rs_child_session::environment"]
        [::core::mem::offset_of!(rs_child_session, environment) - 84usize];
    ["Offset of field: rs_child_session::kind"]
        [::core::mem::offset_of!(rs_child_session, kind) - 88usize];
    ["Offset of field: rs_child_session::server"]
        [::core::mem::offset_of!(rs_child_session, server) - 96usize];
    ["Offset of field: rs_child_session::local"]
        [::core::mem::offset_of!(rs_child_session, local) - 104usize];
};
pub type rs_child_session_t = rs_child_session;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_child_policy {
    pub ctx: *mut core::ffi::c_void,
    pub route: ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut core::ffi::c_void,
            request: *const rs_request_t,
            route: *mut rs_route_t,
        ),
    >,
    pub local_close:
        ::core::option::Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void, local: rs_cap_t)>,
    pub announce: ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut core::ffi::c_void,
            service: *const core::ffi::c_char,
            len: usize,
        ),
    >,
    pub ended: ::core::option::Option<
        unsafe extern "C" fn(ctx: *mut core::ffi::c_void, how: rs_child_end_t, value: i32),
    >,
    pub resource_request: ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut core::ffi::c_void,
            args: *const core::ffi::c_char,
            len: usize,
        ),
    >,
    pub yield_response: ::core::option::Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void)>,
    pub heartbeat: ::core::option::Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void)>,
    pub filter: ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut core::ffi::c_void,
            service: *const core::ffi::c_char,
            len: usize,
            args: *mut core::ffi::c_char,
            capacity: usize,
        ),
    >,
    pub sessions_changed: ::core::option::Option<unsafe extern "C" fn(ctx: *mut core::ffi::c_void)>,
    pub forwarded: ::core::option::Option<
        unsafe extern "C" fn(
            ctx: *mut core::ffi::c_void,
            id: u64,
            state: rs_session_state_t,
            session: rs_cap_t,
        ),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_child_policy"][::core::mem::size_of::<rs_child_policy>() - 88usize];
    ["Alignment of rs_child_policy"][::core::mem::align_of::<rs_child_policy>() - 8usize];
    ["Offset of field: rs_child_policy::ctx"]
        [::core::mem::offset_of!(rs_child_policy, ctx) - 0usize];
    ["Offset of field: rs_child_policy::route"]
        [::core::mem::offset_of!(rs_child_policy, route) - 8usize];
    ["Offset of field: rs_child_policy::local_close"]
        [::core::mem::offset_of!(rs_child_policy, local_close) - 16usize];
    ["Offset of field: rs_child_policy::announce"]
        [::core::mem::offset_of!(rs_child_policy, announce) - 24usize];
    ["Offset of field: rs_child_policy::ended"]
        [::core::mem::offset_of!(rs_child_policy, ended) - 32usize];
    ["Offset of field: rs_child_policy::resource_request"]
        [::core::mem::offset_of!(rs_child_policy, resource_request) - 40usize];
    ["Offset of field: rs_child_policy::yield_response"]
        [::core::mem::offset_of!(rs_child_policy, yield_response) - 48usize];
    ["Offset of field: rs_child_policy::heartbeat"]
        [::core::mem::offset_of!(rs_child_policy, heartbeat) - 56usize];
    ["Offset of field: rs_child_policy::filter"]
        [::core::mem::offset_of!(rs_child_policy, filter) - 64usize];
    ["Offset of field: rs_child_policy::sessions_changed"]
        [::core::mem::offset_of!(rs_child_policy, sessions_changed) - 72usize];
    ["Offset of field: rs_child_policy::forwarded"]
        [::core::mem::offset_of!(rs_child_policy, forwarded) - 80usize];
};
pub type rs_child_policy_t = rs_child_policy;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct rs_child_attr {
    pub name: *const core::ffi::c_char,
    pub name_len: usize,
    pub binary: *const core::ffi::c_char,
    pub binary_len: usize,
    pub ram: u64,
    pub caps: u64,
    pub affinity: rs_affinity_t,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of rs_child_attr"][::core::mem::size_of::<rs_child_attr>() - 72usize];
    ["Alignment of rs_child_attr"][::core::mem::align_of::<rs_child_attr>() - 8usize];
    ["Offset of field: rs_child_attr::name"][::core::mem::offset_of!(rs_child_attr, name) - 0usize];
    ["Offset of field: rs_child_attr::name_len"]
        [::core::mem::offset_of!(rs_child_attr, name_len) - 8usize];
    ["Offset of field: rs_child_attr::binary"]
        [::core::mem::offset_of!(rs_child_attr, binary) - 16usize];
    ["Offset of field: rs_child_attr::binary_len"]
        [::core::mem::offset_of!(rs_child_attr, binary_len) - 24usize];
    ["Offset of field: rs_child_attr::ram"][::core::mem::offset_of!(rs_child_attr, ram) - 32usize];
    ["Offset of field: rs_child_attr::caps"]
        [::core::mem::offset_of!(rs_child_attr, caps) - 40usize];
    ["Offset of field: rs_child_attr::affinity"]
        [::core::mem::offset_of!(rs_child_attr, affinity) - 48usize];
};
pub type rs_child_attr_t = rs_child_attr;
