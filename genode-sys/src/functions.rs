// Generated from genode-sys/include/rs_genode.h by genode-sys/bindgen. Do not edit.
use genode_abi::*;

unsafe extern "C" {
    pub fn rs_log(level: rs_log_level_t, msg: *const core::ffi::c_char, len: usize);
}
unsafe extern "C" {
    pub fn rs_cap_dup(cap: rs_cap_t) -> rs_cap_t;
}
unsafe extern "C" {
    pub fn rs_cap_drop(cap: rs_cap_t);
}
unsafe extern "C" {
    pub fn rs_cap_same(a: rs_cap_t, b: rs_cap_t) -> bool;
}
unsafe extern "C" {
    pub fn rs_env_cap(which: rs_env_cap_t) -> rs_cap_t;
}
unsafe extern "C" {
    pub fn rs_call(
        dst: rs_cap_t,
        call: *const rs_msg_t,
        reply: *mut rs_msg_t,
        exception: *mut i64,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_ep_main() -> *mut rs_ep_t;
}
unsafe extern "C" {
    pub fn rs_ep_create(
        name: *const core::ffi::c_char,
        name_len: usize,
        stack_size: usize,
        location: rs_location_t,
        ep: *mut *mut rs_ep_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_ep_destroy(ep: *mut rs_ep_t);
}
unsafe extern "C" {
    pub fn rs_object_manage(
        ep: *mut rs_ep_t,
        fn_: rs_dispatch_fn,
        ctx: *mut core::ffi::c_void,
        object: *mut *mut rs_object_t,
        cap: *mut rs_cap_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_object_dissolve(object: *mut rs_object_t);
}
unsafe extern "C" {
    pub fn rs_signal_create(
        ep: *mut rs_ep_t,
        io: bool,
        fn_: rs_signal_fn,
        ctx: *mut core::ffi::c_void,
        signal: *mut *mut rs_signal_t,
        cap: *mut rs_cap_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_signal_destroy(signal: *mut rs_signal_t);
}
unsafe extern "C" {
    pub fn rs_signal_submit(context: rs_cap_t, count: u32);
}
unsafe extern "C" {
    pub fn rs_signal_at(signal: *mut rs_signal_t, deadline: u64) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_ep_wait_io_signal(ep: *mut rs_ep_t);
}
unsafe extern "C" {
    pub fn rs_ram_alloc(size: usize, cache: rs_cache_t, node: i32, ds: *mut rs_cap_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_ram_free(ds: rs_cap_t);
}
unsafe extern "C" {
    pub fn rs_ds_info(ds: rs_cap_t, size: *mut usize, writeable: *mut bool) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_attach(
        ds: rs_cap_t,
        attr: *const rs_attach_attr_t,
        addr: *mut usize,
        size: *mut usize,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_detach(addr: usize);
}
unsafe extern "C" {
    pub fn rs_rm_open(rm: *mut *mut rs_rm_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_rm_close(rm: *mut rs_rm_t);
}
unsafe extern "C" {
    pub fn rs_rm_create(rm: *mut rs_rm_t, size: usize, map: *mut *mut rs_region_map_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_rm_destroy(map: *mut rs_region_map_t);
}
unsafe extern "C" {
    pub fn rs_rm_dataspace(map: *mut rs_region_map_t) -> rs_cap_t;
}
unsafe extern "C" {
    pub fn rs_rm_attach(
        map: *mut rs_region_map_t,
        ds: rs_cap_t,
        attr: *const rs_attach_attr_t,
        size: *mut usize,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_rm_detach(map: *mut rs_region_map_t, at: usize);
}
unsafe extern "C" {
    pub fn rs_rm_fault_handler(map: *mut rs_region_map_t, context: rs_cap_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_rm_fault(map: *mut rs_region_map_t, fault: *mut rs_fault_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_quota(quota: *mut rs_quota_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_affinity_space() -> rs_space_t;
}
unsafe extern "C" {
    pub fn rs_thread_create(
        name: *const core::ffi::c_char,
        name_len: usize,
        stack_size: usize,
        location: rs_location_t,
        fn_: ::core::option::Option<unsafe extern "C" fn(arg: *mut core::ffi::c_void)>,
        arg: *mut core::ffi::c_void,
        thread: *mut *mut rs_thread_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_thread_join(thread: *mut rs_thread_t);
}
unsafe extern "C" {
    pub fn rs_thread_migrate(thread: *mut rs_thread_t, location: rs_location_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_thread_id() -> u64;
}
unsafe extern "C" {
    pub fn rs_thread_name(name: *mut core::ffi::c_char, capacity: usize) -> usize;
}
unsafe extern "C" {
    pub fn rs_blockade_init(blockade: *mut rs_blockade_t);
}
unsafe extern "C" {
    pub fn rs_blockade_block(blockade: *mut rs_blockade_t);
}
unsafe extern "C" {
    pub fn rs_blockade_wakeup(blockade: *mut rs_blockade_t);
}
unsafe extern "C" {
    pub fn rs_blockade_block_until(
        blockade: *mut rs_blockade_t,
        deadline: u64,
        woken: *mut bool,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_time_us() -> u64;
}
unsafe extern "C" {
    pub fn rs_timestamp() -> u64;
}
unsafe extern "C" {
    pub fn rs_session_open(
        service: *const core::ffi::c_char,
        service_len: usize,
        args: *const core::ffi::c_char,
        args_len: usize,
        affinity: *const rs_affinity_t,
        id: *mut u64,
        cap: *mut rs_cap_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_session_upgrade(id: u64, args: *const core::ffi::c_char, args_len: usize)
        -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_session_close(id: u64);
}
unsafe extern "C" {
    pub fn rs_announce(service: *const core::ffi::c_char, service_len: usize) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_session_response(id: u64, response: rs_response_t);
}
unsafe extern "C" {
    pub fn rs_session_deliver(id: u64, cap: rs_cap_t);
}
unsafe extern "C" {
    pub fn rs_session_requests(
        rom: usize,
        size: usize,
        buf: *mut core::ffi::c_char,
        capacity: usize,
        len: *mut usize,
    ) -> bool;
}
unsafe extern "C" {
    pub fn rs_exit(value: i32) -> !;
}
unsafe extern "C" {
    pub fn rs_resource_request(args: *const core::ffi::c_char, args_len: usize);
}
unsafe extern "C" {
    pub fn rs_parent_sigh(which: rs_parent_signal_t, context: rs_cap_t);
}
unsafe extern "C" {
    pub fn rs_yield_request(buf: *mut core::ffi::c_char, capacity: usize) -> usize;
}
unsafe extern "C" {
    pub fn rs_yield_response();
}
unsafe extern "C" {
    pub fn rs_heartbeat_response();
}
unsafe extern "C" {
    pub fn rs_child_create(
        ep: *mut rs_ep_t,
        attr: *const rs_child_attr_t,
        policy: *const rs_child_policy_t,
        child: *mut *mut rs_child_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_start(child: *mut rs_child_t) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_destroy(child: *mut rs_child_t);
}
unsafe extern "C" {
    pub fn rs_child_transfer(child: *mut rs_child_t, ram: i64, caps: i64) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_quotas(
        children: *const *mut rs_child_t,
        count: usize,
        quotas: *mut rs_quota_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_sessions(
        child: *mut rs_child_t,
        provided: bool,
        ctx: *mut core::ffi::c_void,
        each: ::core::option::Option<
            unsafe extern "C" fn(ctx: *mut core::ffi::c_void, session: *const rs_child_session_t),
        >,
    );
}
unsafe extern "C" {
    pub fn rs_child_forward(
        server: *mut rs_child_t,
        id: u64,
        request: *const rs_request_t,
    ) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_forward_upgrade(id: u64, ram: u64, caps: u64) -> rs_err_t;
}
unsafe extern "C" {
    pub fn rs_child_forward_close(id: u64);
}
unsafe extern "C" {
    pub fn rs_child_notify(
        child: *mut rs_child_t,
        which: rs_parent_signal_t,
        args: *const core::ffi::c_char,
        args_len: usize,
    );
}
