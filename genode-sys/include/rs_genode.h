/*
 * The seam between Rust and a Genode system.
 *
 * This header is the contract. On Genode it is implemented in C++ (genode-sys/shim, against the base
 * API of the tree named by GENODE_DIR), on the host target in Rust (genode-sys/host/rt). Everything above it
 * is the same source on every system.
 *
 * Rules that hold for every function
 *
 * - No C++ type and no C++ exception crosses the seam: each function catches everything and returns
 *   an rs_err_t.
 * - Strings are UTF-8 or ASCII with explicit length; pointers passed in are borrowed for the duration of
 *   the call, unless a comment says otherwise.
 * - A capability handle (rs_cap_t) is an owned reference. A function that returns one hands ownership
 *   to the caller, who gives it back with rs_cap_drop. A function that takes one borrows it, unless a
 *   comment says "consumes".
 * - Output parameters are written on RS_OK only, unless a comment says otherwise.
 * - Callbacks run on the entrypoint they were registered for and never concurrently with another
 *   callback of the same entrypoint. They must not unwind.
 * - Sizes are bytes, quotas are bytes of RAM and numbers of capabilities.
 */
#ifndef RS_GENODE_H
#define RS_GENODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------ errors */

/* What a system can answer. The numbers are part of the seam, not of Genode's ABI. */
typedef enum rs_err {
	RS_OK                = 0,
	RS_OUT_OF_RAM        = 1, /* own RAM quota exhausted; cured by a quota upgrade */
	RS_OUT_OF_CAPS       = 2, /* own capability quota exhausted; cured by a quota upgrade */
	RS_INSUFFICIENT_RAM  = 3, /* the RAM donated to a session was too little; cured by donating more */
	RS_INSUFFICIENT_CAPS = 4, /* the capabilities donated to a session were too few */
	RS_DENIED            = 5, /* no such service, no route, or refused by policy */
	RS_INVALID           = 6, /* an argument is out of its documented range */
	RS_GONE              = 7, /* the object or the component behind a capability no longer exists */
	RS_OVERFLOW          = 8, /* a message or a list of capabilities does not fit */
	RS_UNSUPPORTED       = 9, /* this system has no such mechanism */
	RS_REGION_CONFLICT   = 10, /* the address range is in use */
	RS_LIMIT             = 11, /* as many of them as a component may have */
	RS_NO_SYSTEM         = 12 /* the process was not started as a component (host) */
} rs_err_t;

/* --------------------------------------------------------------------- log */

typedef enum rs_log_level { RS_LOG = 0, RS_WARNING = 1, RS_ERROR = 2 } rs_log_level_t;

/* Print one line (without newline) to the component's LOG session. Never fails, never allocates. */
void rs_log(rs_log_level_t level, char const *msg, size_t len);

/* ------------------------------------------------------------ capabilities */

/* Owned reference to a capability, 0 is the invalid capability. Opaque otherwise. */
typedef uint64_t rs_cap_t;

/* Count one up. rs_cap_dup(0) is 0. */
rs_cap_t rs_cap_dup(rs_cap_t cap);

/* Give a reference back. rs_cap_drop(0) does nothing. */
void rs_cap_drop(rs_cap_t cap);

/* Whether two capabilities name the same object. Two invalid ones do. */
bool rs_cap_same(rs_cap_t a, rs_cap_t b);

/* Capabilities of the component's environment, for interfaces that Rust calls by RPC. */
typedef enum rs_env_cap { RS_ENV_PARENT = 0, RS_ENV_PD = 1, RS_ENV_CPU = 2 } rs_env_cap_t;

/* Owned reference to an environment capability; 0 for an unknown `which`. */
rs_cap_t rs_env_cap(rs_env_cap_t which);

/* --------------------------------------------------------------------- RPC */

#define RS_MAX_CAPS  4u    /* capabilities per message */
#define RS_MAX_BODY  2048u /* bytes of one message body, opcode included */

/*
 * One message: body bytes as Genode lays them out (opcode word first in a call, no opcode in a reply)
 * and up to RS_MAX_CAPS capabilities, 0 standing for an invalid one.
 *
 * As input, `len` bytes at `data` are valid. As output, `capacity` bytes at `data` may be written and
 * `len` says how many were. Where a kernel does not tell the received length, `len` is `capacity` and
 * the bytes not received are zero.
 */
typedef struct rs_msg {
	uint8_t  *data;
	size_t    len;
	size_t    capacity;
	rs_cap_t  caps[RS_MAX_CAPS];
	uint32_t  num_caps;
} rs_msg_t;

/*
 * Call the object behind `dst` and wait for the reply.
 *
 * `call->caps` are borrowed, `reply->caps` become the caller's. `*exception` receives the reply's exception
 * code (Rpc_exception_code): 0, or a negative one (-1 invalid object, -2 invalid opcode, -1000 - n a declared exception).
 * Returns RS_GONE when the server is gone or dies during the call, RS_OVERFLOW when `call` exceeds
 * RS_MAX_BODY or the reply does not fit `reply->capacity`, RS_INVALID for an invalid `dst`.
 */
rs_err_t rs_call(rs_cap_t dst, rs_msg_t const *call, rs_msg_t *reply, int64_t *exception);

/* -------------------------------------------------------------- entrypoint */

typedef struct rs_ep     rs_ep_t;     /* a thread that serves RPC objects and signals in turn */
typedef struct rs_object rs_object_t; /* one RPC object managed by an entrypoint */

/* Affinity location within, and size of, an affinity space (Genode::Affinity). */
typedef struct rs_location { int32_t x, y; uint32_t w, h; } rs_location_t;
typedef struct rs_space    { uint32_t w, h; } rs_space_t;
typedef struct rs_affinity { rs_space_t space; rs_location_t location; } rs_affinity_t;

/*
 * Serve one call. `call->caps` are borrowed for the duration of the callback: dup what is kept.
 * `reply->caps` become the seam's. Bytes at `reply->data` are initialised up to its capacity.
 * Returns the reply's exception code: 0, or a negative one.
 * The reply leaves when the callback returns.
 */
typedef int64_t (*rs_dispatch_fn)(void *ctx, rs_msg_t const *call, rs_msg_t *reply);

/* The entrypoint on which the component was constructed. */
rs_ep_t *rs_ep_main(void);

/* Create a further entrypoint with a thread of its own at `location` of the component's affinity space. */
rs_err_t rs_ep_create(char const *name, size_t name_len, size_t stack_size, rs_location_t location, rs_ep_t **ep);

/* Stop and free an entrypoint. Precondition: all its objects and signal handlers were dissolved. */
void rs_ep_destroy(rs_ep_t *ep);

/*
 * Make an RPC object: calls to `*cap` arrive at `fn(ctx, ..)` on `ep`. `ctx` stays valid until
 * rs_object_dissolve returns.
 */
rs_err_t rs_object_manage(rs_ep_t *ep, rs_dispatch_fn fn, void *ctx, rs_object_t **object, rs_cap_t *cap);

/*
 * Remove an RPC object. When this returns no dispatch runs and none will start, except the one from
 * which it is called. Callers find an invalid object from then on.
 */
void rs_object_dissolve(rs_object_t *object);

/* ----------------------------------------------------------------- signals */

typedef struct rs_signal rs_signal_t; /* a signal context with its handler */

/*
 * `count` is the number of submissions since the handler last ran. Where the signal arrived while the
 * entrypoint waited in rs_ep_wait_io_signal, it is a lower bound. It is 0 where a component has died that could
 * submit: on the host. Genode tells a component's death to its parent alone.
 */
typedef void (*rs_signal_fn)(void *ctx, uint32_t count);

/*
 * Create a signal context whose handler runs on `ep`. With `io` set, the handler also runs while the
 * entrypoint waits in rs_ep_wait_io_signal (Genode's Io_signal_handler).
 */
rs_err_t rs_signal_create(rs_ep_t *ep, bool io, rs_signal_fn fn, void *ctx, rs_signal_t **signal, rs_cap_t *cap);

/* Remove a signal context; as rs_object_dissolve. */
void rs_signal_destroy(rs_signal_t *signal);

/*
 * Submit `count` signals to a context. Never blocks. Submitting to a gone context does nothing. A count of 0 submits
 * nothing, but makes the system know that the component may submit, so that its death is told.
 */
void rs_signal_submit(rs_cap_t context, uint32_t count);

/*
 * Submit one signal to `signal` at `deadline` (see rs_time_us), in place of the time that was set before; UINT64_MAX sets
 * none. Called by the thread of its entrypoint, which itself waits for it. RS_UNSUPPORTED where the system has no clock
 * of its own.
 */
rs_err_t rs_signal_at(rs_signal_t *signal, uint64_t deadline);

/* From a callback of the entrypoint: block until one I/O signal of this entrypoint was handled. */
void rs_ep_wait_io_signal(rs_ep_t *ep);

/* --------------------------------------------------------- memory and maps */

#define RS_PAGE_SIZE 4096u
#define RS_ANY_NODE  (-1)

typedef enum rs_cache { RS_UNCACHED = 0, RS_WRITE_COMBINED = 1, RS_CACHED = 2 } rs_cache_t;

/*
 * Allocate a RAM dataspace of `size` bytes (rounded up to pages), zeroed, from the component's own
 * quota. `node` is a NUMA node's native id or RS_ANY_NODE; a node that cannot be had is an error
 * (RS_OUT_OF_RAM, or RS_UNSUPPORTED where the system cannot place memory), never another node.
 */
rs_err_t rs_ram_alloc(size_t size, rs_cache_t cache, int32_t node, rs_cap_t *ds);

/* Free a RAM dataspace, consumes `ds`. Its quota returns; mappings of it in other components become invalid. */
void rs_ram_free(rs_cap_t ds);

/* Size of a dataspace in bytes and whether it may be written. */
rs_err_t rs_ds_info(rs_cap_t ds, size_t *size, bool *writeable);

/* How to attach: `size` 0 means all from `offset`; `at` 0 means anywhere. `offset` is a multiple of RS_PAGE_SIZE. */
typedef struct rs_attach_attr {
	size_t    offset;
	size_t    size;
	uintptr_t at;
	bool      writeable;
	bool      executable;
} rs_attach_attr_t;

/*
 * Map a dataspace into the component. Returns the address and the number of bytes mapped. RS_OUT_OF_RAM also if the quota
 * does not allow the page tables that it takes.
 */
rs_err_t rs_attach(rs_cap_t ds, rs_attach_attr_t const *attr, uintptr_t *addr, size_t *size);

/* Unmap what rs_attach mapped at `addr`. */
void rs_detach(uintptr_t addr);

/* ------------------------------------------------------------ region maps */

/*
 * A region map is an address range that dataspaces are attached to. It is itself a dataspace, a managed one: whoever
 * attaches that sees what is attached in the map, now or later. A thread that accesses a part where nothing is attached
 * waits, and the map's fault handler is signalled, so that it can attach something there (a pager).
 *
 * What a component cannot have: writing where a dataspace was attached read-only, or touching a region map that was
 * destroyed. That is a fault of the component, as is an access outside of its mappings.
 */
typedef struct rs_rm         rs_rm_t;         /* a session of the RM service, which pays for region maps */
typedef struct rs_region_map rs_region_map_t;

/* Open a session of the RM service, and close it. All its region maps must be destroyed before. */
rs_err_t rs_rm_open(rs_rm_t **rm);
void     rs_rm_close(rs_rm_t *rm);

/*
 * Create a region map of `size` bytes, rounded up to pages, from the session's donation, which is upgraded from the own
 * quota where it does not suffice. RS_DENIED for a size that the system cannot map.
 */
rs_err_t rs_rm_create(rs_rm_t *rm, size_t size, rs_region_map_t **map);

/* Destroy a region map. Mappings of it become invalid, wherever they are; threads that wait in it never go on. */
void rs_rm_destroy(rs_region_map_t *map);

/* The region map as a dataspace; an owned reference, 0 if there is none. */
rs_cap_t rs_rm_dataspace(rs_region_map_t *map);

/*
 * Attach a dataspace at the offset `attr->at` of the map, also if that is 0. RS_REGION_CONFLICT if the range does not lie
 * within the map, is in use, or is not covered by the dataspace; RS_INVALID for what is no dataspace. A managed dataspace
 * may be attached too where the system permits (RS_INVALID otherwise), a few levels deep, and never in a circle. Threads
 * that wait for the range go on. Returns the number of bytes attached.
 */
rs_err_t rs_rm_attach(rs_region_map_t *map, rs_cap_t ds, rs_attach_attr_t const *attr, size_t *size);

/*
 * Detach what is attached around offset `at`. When this returns, no component sees it through the map any more. (On the host
 * target this rests on their runtimes; one that does not answer for a second is not waited for.)
 */
void rs_rm_detach(rs_region_map_t *map, uintptr_t at);

/* Whom to signal when a thread waits at the map; 0 for nobody. */
rs_err_t rs_rm_fault_handler(rs_region_map_t *map, rs_cap_t context);

typedef enum rs_fault_kind { RS_FAULT_NONE = 0, RS_FAULT_READ = 1, RS_FAULT_WRITE = 2, RS_FAULT_EXEC = 3 } rs_fault_kind_t;

/* An access that waits, at the page at offset `at` of the map. */
typedef struct rs_fault { rs_fault_kind_t kind; uintptr_t at; } rs_fault_t;

/* The access that waits longest. Signals may merge: a handler asks until there is none. */
rs_err_t rs_rm_fault(rs_region_map_t *map, rs_fault_t *fault);

/* Quotas of the component's own PD session. */
typedef struct rs_quota { uint64_t ram_limit, ram_used, caps_limit, caps_used; } rs_quota_t;
rs_err_t rs_quota(rs_quota_t *quota);

/* ----------------------------------------------------------------- threads */

typedef struct rs_thread rs_thread_t;

/* The component's affinity space. */
rs_space_t rs_affinity_space(void);

/* Start a thread. `location` lies within rs_affinity_space. `fn` must return, not unwind. */
rs_err_t rs_thread_create(char const *name, size_t name_len, size_t stack_size, rs_location_t location,
                          void (*fn)(void *arg), void *arg, rs_thread_t **thread);

/* Wait for a thread's function to return and free it. */
void rs_thread_join(rs_thread_t *thread);

/* Move a running thread. RS_UNSUPPORTED where the kernel cannot. */
rs_err_t rs_thread_migrate(rs_thread_t *thread, rs_location_t location);

/* Number that tells the calling thread from all other live threads of the component; never 0. */
uint64_t rs_thread_id(void);

/* Copy the name of the calling thread, as much as fits, without a terminator. Its length; 0 if it has none. */
size_t rs_thread_name(char *name, size_t capacity);

/*
 * A place for one thread to sleep (Genode::Blockade). Lives in the memory of whoever waits, is initialised
 * and blocked on by one thread, woken once by another. Must not move between init and return of block.
 */
typedef struct rs_blockade { uint64_t opaque[8]; } rs_blockade_t;
void rs_blockade_init(rs_blockade_t *blockade);
void rs_blockade_block(rs_blockade_t *blockade);
void rs_blockade_wakeup(rs_blockade_t *blockade);

/*
 * As rs_blockade_block, but returns at `deadline` (see rs_time_us) at the latest; `*woken` says whether a wake-up
 * came. The blockade stays in place until no wake-up can come any more, also after the return.
 * RS_UNSUPPORTED where the system has no clock of its own: there, time is the Timer service's.
 */
rs_err_t rs_blockade_block_until(rs_blockade_t *blockade, uint64_t deadline, bool *woken);

/* Microseconds on a monotonic clock since an arbitrary start; 0 where the system has no clock of its own. */
uint64_t rs_time_us(void);

/* Time-stamp counter of the calling CPU, in ticks. */
uint64_t rs_timestamp(void);

/* ------------------------------------------------------------------ parent */

/*
 * Request a session of `service` from the parent and wait until it exists. `args` is Genode's session
 * argument string. `*id` names the session in rs_session_upgrade and rs_session_close.
 */
rs_err_t rs_session_open(char const *service, size_t service_len, char const *args, size_t args_len,
                         rs_affinity_t const *affinity, uint64_t *id, rs_cap_t *cap);
/* Donate more to a session: `args` holds ram_quota and/or cap_quota. */
rs_err_t rs_session_upgrade(uint64_t id, char const *args, size_t args_len);
void     rs_session_close(uint64_t id);

/* Tell the parent that this component provides `service`; requests arrive by the "session_requests" ROM. */
rs_err_t rs_announce(char const *service, size_t service_len);

typedef enum rs_response {
	RS_RESPONSE_OK = 0, RS_RESPONSE_CLOSED = 1, RS_RESPONSE_DENIED = 2,
	RS_RESPONSE_INSUFFICIENT_RAM = 3, RS_RESPONSE_INSUFFICIENT_CAPS = 4
} rs_response_t;

/*
 * Answer a session request: a failure, a close, or an accepted upgrade. `id` is the server-side id from the ROM. This
 * and rs_session_deliver may return before the parent heard of it; what is called later comes later.
 */
void rs_session_response(uint64_t id, rs_response_t response);
/* Answer a session request with the session's capability. */
void rs_session_deliver(uint64_t id, rs_cap_t cap);

/*
 * Copy what Rom_session::update() of the ROM "session_requests" would bring, at most `capacity` bytes of text, where that
 * can be known without the call; the ROM's dataspace is attached at `rom`, `size` bytes. All answers that this component
 * gave before count. False where it cannot be known: call, and read the dataspace.
 */
bool rs_session_requests(uintptr_t rom, size_t size, char *buf, size_t capacity, size_t *len);

/* Tell the parent that the component is done, with an exit value. Does not return. */
#ifdef __cplusplus
[[noreturn]]
#else
_Noreturn
#endif
void rs_exit(int32_t value);

/* Ask the parent for resources, e.g. "ram_quota=4096, cap_quota=2"; the answer is the avail signal. */
void rs_resource_request(char const *args, size_t args_len);
typedef enum rs_parent_signal { RS_RESOURCE_AVAIL = 0, RS_YIELD = 1, RS_HEARTBEAT = 2 } rs_parent_signal_t;
/* Install the signal handler for one of the parent's notifications; 0 removes it. */
void rs_parent_sigh(rs_parent_signal_t which, rs_cap_t context);
/* The resources that the parent wants back, as argument string into `buf`; writes and NUL-terminates at most `capacity` bytes. */
size_t rs_yield_request(char *buf, size_t capacity);
void rs_yield_response(void);
void rs_heartbeat_response(void);

/* ---------------------------------------------------------------- children */

/*
 * A child component: its protection domain, its quota, its sessions (Genode::Child). The machinery
 * (Parent interface, session state, donation, session_requests ROM) is the seam's; the policy is the
 * caller's, by callbacks. All callbacks run on the entrypoint given to rs_child_create.
 */
typedef struct rs_child rs_child_t;

typedef enum rs_route_kind {
	RS_ROUTE_DENY   = 0, /* no such service for this child */
	RS_ROUTE_PARENT = 1, /* forward to our own parent */
	RS_ROUTE_CHILD  = 2, /* `server` provides it; waits until that child announced it */
	RS_ROUTE_LOCAL  = 3  /* `local` is the capability of a session that the caller serves itself */
} rs_route_kind_t;

/* A session request of a child, all strings borrowed. `label` is the full label as seen by the parent. */
typedef struct rs_request {
	char const   *service;  size_t service_len;
	char const   *label;    size_t label_len;
	char const   *args;     size_t args_len;
	rs_affinity_t affinity;
} rs_request_t;

#define RS_MAX_LABEL 160u
#define RS_MAX_ARGS  160u

/* The policy's answer, preset to DENY, the request's own label and affinity. */
typedef struct rs_route {
	rs_route_kind_t kind;
	rs_child_t     *server;
	rs_cap_t        local;              /* consumed */
	char            label[RS_MAX_LABEL]; /* NUL-terminated label that the server sees */
	rs_affinity_t   affinity;
	/*
	 * Of a RS_ROUTE_LOCAL session of service "PD": the session of our own that it forwards to, which has the child's
	 * account and process; consumed. The child is given `local`.
	 */
	rs_cap_t        forwards_to;
} rs_route_t;

typedef enum rs_child_end { RS_CHILD_EXITED = 0, RS_CHILD_FAULTED = 1 } rs_child_end_t;

/* Where a session stands (Genode's Session_state::Phase). */
typedef enum rs_session_state {
	RS_SESSION_CREATING          = 0,
	RS_SESSION_DENIED            = 1,
	RS_SESSION_INSUFFICIENT_RAM  = 2,
	RS_SESSION_INSUFFICIENT_CAPS = 3,
	RS_SESSION_AVAILABLE         = 4, /* created, the client has not asked for it yet */
	RS_SESSION_OPEN              = 5,
	RS_SESSION_UPGRADING         = 6,
	RS_SESSION_CLOSING           = 7, /* the server has yet to close it */
	RS_SESSION_CLOSED            = 8
} rs_session_state_t;

/* Environment sessions are told apart by what they are for. */
typedef enum rs_environment {
	RS_OF_CLIENT = 0, RS_OF_PD = 1, RS_OF_CPU = 2, RS_OF_LOG = 3, RS_OF_BINARY = 4, RS_OF_LINKER = 5
} rs_environment_t;

/* A session that exists, all strings borrowed. */
typedef struct rs_child_session {
	char const        *service;   size_t service_len;
	char const        *requested; size_t requested_len; /* label that the policy was asked about */
	char const        *label;     size_t label_len;     /* label that the server sees */
	char const        *args;      size_t args_len;
	uint64_t           ram, caps;                       /* donation at the server */
	rs_session_state_t state;
	rs_environment_t   environment;
	rs_route_kind_t    kind;   /* RS_ROUTE_DENY for the ROM that brings requests to the child */
	rs_child_t        *server; /* of RS_ROUTE_CHILD */
	rs_cap_t           local;  /* of RS_ROUTE_LOCAL, borrowed */
} rs_child_session_t;

typedef struct rs_child_policy {
	void *ctx;
	void (*route)(void *ctx, rs_request_t const *request, rs_route_t *route);
	void (*local_close)(void *ctx, rs_cap_t local);             /* a RS_ROUTE_LOCAL session was closed; borrowed */
	void (*announce)(void *ctx, char const *service, size_t len);
	void (*ended)(void *ctx, rs_child_end_t how, int32_t value); /* exit value, or the fault's signal number */
	void (*resource_request)(void *ctx, char const *args, size_t len);
	void (*yield_response)(void *ctx);
	void (*heartbeat)(void *ctx);
	void (*filter)(void *ctx, char const *service, size_t len, char *args, size_t capacity); /* edits a NUL-terminated string */
	void (*sessions_changed)(void *ctx);                        /* a session from or to the child changed its state */
	/* a session of rs_child_forward at the child changed; `session` is its capability once AVAILABLE, borrowed */
	void (*forwarded)(void *ctx, uint64_t id, rs_session_state_t state, rs_cap_t session);
} rs_child_policy_t;

typedef struct rs_child_attr {
	char const   *name;        size_t name_len;
	char const   *binary;      size_t binary_len; /* name of the binary's ROM module, requested with a route */
	uint64_t      ram, caps;                       /* initial quota, taken from the caller's */
	rs_affinity_t affinity;
} rs_child_attr_t;

/* Create a child with its quota; nothing runs yet. `policy->ctx` stays valid until rs_child_destroy returns. */
rs_err_t rs_child_create(rs_ep_t *ep, rs_child_attr_t const *attr, rs_child_policy_t const *policy, rs_child_t **child);
/* Open the environment sessions and start the binary as soon as its routes are there. */
rs_err_t rs_child_start(rs_child_t *child);
/*
 * Close every session from and to the child, kill it, and take its quota back. Not from its own callbacks. A session of its
 * environment at another child ends when that closes it, after this returned; its donation comes back then.
 */
void     rs_child_destroy(rs_child_t *child);
/* Move quota to (`ram`, `caps` positive) or from a child. */
rs_err_t rs_child_transfer(rs_child_t *child, int64_t ram, int64_t caps);
/* Quotas of `count` children, as many calls to core as that needs; nothing of `quotas` counts if one of them cannot be had. */
rs_err_t rs_child_quotas(rs_child_t *const *children, size_t count, rs_quota_t *quotas);
/* Call `each` for the sessions that a child uses, or for those that it provides; no other function from within. */
void     rs_child_sessions(rs_child_t *child, bool provided, void *ctx, void (*each)(void *ctx, rs_child_session_t const *session));
/*
 * Open, upgrade, close a session at `server` on behalf of a client of ours, paid from our account: `request.label` is what the
 * server sees, `id` the caller's. What becomes of it is told by the server's `forwarded`, until DENIED, INSUFFICIENT or CLOSED;
 * then its donation is ours again.
 */
rs_err_t rs_child_forward(rs_child_t *server, uint64_t id, rs_request_t const *request);
rs_err_t rs_child_forward_upgrade(uint64_t id, uint64_t ram, uint64_t caps);
void     rs_child_forward_close(uint64_t id);
/* Tell a child that resources are available, wanted back, or that it should show a sign of life. */
void     rs_child_notify(rs_child_t *child, rs_parent_signal_t which, char const *args, size_t args_len);

#ifdef __cplusplus
}
#endif
#endif /* RS_GENODE_H */
