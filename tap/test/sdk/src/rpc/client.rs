//! rs_rpc_client: calls the RPC test's server as one should, and then as one should not.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{sync::Arc, vec::Vec};

use genode::{
    RawCap,
    affinity::Location,
    connection::Connection,
    entrypoint::{DEFAULT_STACK, Entrypoint},
    prelude::*,
    rpc::{CallError, Caps, Client, ExceptionCode, InBuffer, Invoke, MAX_BODY, Object},
    session::rom,
    sync::{Condvar, Mutex},
    thread,
};
use rs_checks::{Test, at, ensure};
use rs_sdk_test::rpc::{Counter, CounterClient, NoCounter, RpcTest, RpcTestClient};

/// Largest configuration that is read, in bytes.
const MAX_CONFIG: usize = 4096;
/// Threads that call at once, and how often each.
const THREADS: u32 = 4;
const CALLS: u32 = 2000;

#[genode::component]
fn main(env: Env) -> Test {
    log!("--- RPC test ---");
    let config = rom::config(env, MAX_CONFIG).map_err(at("config"))?;
    let server = Connection::<dyn RpcTest>::open(env, "").map_err(at("session"))?;
    objects(&server)?;
    if config.attr_or("dead_objects", false) {
        dead_objects(&server)?;
    }
    objects_end_in_their_own_call(&server)?;
    threads(server.cap())?;
    call_back(&server)?;
    malformed_calls(&server)?;
    drop(server);
    log!("--- RPC test finished ---");
    env.exit(0)
}

fn objects(server: &Connection<dyn RpcTest>) -> Test {
    ensure("a call", server.ping(41) == Ok(42))?;
    let text = "x".repeat(231);
    let text = InBuffer::text(&text).ok_or("a text that fits")?;
    ensure("a text as long as it may be", server.length(text) == Ok(231))?;

    let a = CounterClient::new(server.counter().map_err(at("counter"))?);
    let b = CounterClient::new(server.counter().map_err(at("counter"))?);
    ensure("objects are told apart", (a.add(5), b.add(7), a.add(1)) == (Ok(5), Ok(7), Ok(6)))?;
    ensure("a capability that comes back", server.is_last(b.cap().clone()) == Ok(true))?;
    ensure("is the one that was given", server.is_last(a.cap().clone()) == Ok(false))?;
    ensure("and not an invalid one", server.is_last(Capability::INVALID) == Ok(false))?;
    ensure("equal ones are equal", *a.cap() == a.cap().clone() && a.cap() != b.cap())?;
    ensure("the first sum", a.finish() == Ok(6))?;
    ensure("the second sum", b.finish() == Ok(7))?;
    log!("objects and their capabilities");
    Ok(())
}

/// Where the platform tells: a caller of what is gone goes on.
fn dead_objects(server: &Connection<dyn RpcTest>) -> Test {
    let counter = CounterClient::new(server.counter().map_err(at("counter"))?);
    ensure("the sum", counter.finish() == Ok(0))?;
    ensure("an object that is gone answers with an error", counter.add(1).is_err())?;
    log!("an object that is gone answers with an error");
    Ok(())
}

fn objects_end_in_their_own_call(server: &Connection<dyn RpcTest>) -> Test {
    let before = server.caps_used().map_err(at("quota"))?;
    for round in 0..50 {
        let counters = (0..8)
            .map(|_| server.counter().map(CounterClient::new))
            .collect::<Result<Vec<_>, _>>()
            .map_err(at("counter"))?;
        ensure("one more than there may be", {
            server.counter() == Err(CallError::Service(NoCounter::TooMany))
        })?;
        for counter in counters {
            ensure("a sum", counter.add(round) == Ok(round))?;
            ensure("the same sum at its end", counter.finish() == Ok(round))?;
        }
    }
    ensure("all capabilities came back", server.caps_used() == Ok(before))?;
    log!("400 objects ended in their own call");
    Ok(())
}

fn threads(cap: &Capability<dyn RpcTest>) -> Test {
    let threads = (0..THREADS)
        .map(|number| {
            let server = RpcTestClient::new(cap.clone());
            thread::Builder::new("caller").spawn(move || {
                (0..CALLS).all(|i| server.ping(number * CALLS + i) == Ok(number * CALLS + i + 1))
            })
        })
        .collect::<Result<Vec<_>, _>>()
        .map_err(at("thread"))?;
    let right =
        threads.into_iter().map(thread::JoinHandle::join).filter(|end| *end == Ok(true)).count();
    ensure("each thread got its own answers", right == THREADS as usize)?;
    log!("{THREADS} threads called {CALLS} times each");
    Ok(())
}

/// A counter of the client, on an entrypoint of its own: this thread waits for the server meanwhile.
fn call_back(server: &Connection<dyn RpcTest>) -> Test {
    struct Mine(u64);
    impl Counter for Mine {
        fn add(&mut self, n: u64) -> u64 {
            self.0 += n;
            self.0
        }
        fn finish(&mut self) -> u64 {
            self.0
        }
    }
    type Place = (Mutex<Option<Capability<dyn Counter>>>, Condvar);
    let place: Arc<Place> = Arc::new((Mutex::new(None), Condvar::new()));
    Entrypoint::spawn("counter", DEFAULT_STACK, Location::cpu(0, 0), {
        let place = place.clone();
        move |ep| {
            let object = Object::<dyn Counter, _>::new(ep, Mine(100));
            let cap = object.as_ref().map_or(Capability::INVALID, |object| object.cap().clone());
            *place.0.lock() = Some(cap);
            place.1.notify_all();
            object
        }
    })
    .map_err(at("entrypoint"))?;
    let mut cap = place.0.lock();
    while cap.is_none() {
        place.1.wait(&mut cap);
    }
    let cap = cap.clone().unwrap_or_default();
    let last = server.call_back(cap.clone(), 10).map_err(at("call back"))?;
    ensure("the server called back ten times", last == 200)?;
    ensure("so can we call it", CounterClient::new(cap).add(1) == Ok(201))?;
    let nobody = server.call_back(Capability::INVALID, 1);
    ensure("nobody cannot be called", nobody == Err(CallError::Service(NoCounter::Exhausted)))?;
    log!("the server called back");
    Ok(())
}

/// What only a component without these bindings would send.
fn malformed_calls(server: &Connection<dyn RpcTest>) -> Test {
    let invoke = &server.peer().invoke;
    let send = |body: &[u8], caps: &[RawCap]| -> Test<i64> {
        let mut call_caps = Caps::new();
        for cap in caps {
            call_caps.push(cap.clone()).map_err(at("capabilities"))?;
        }
        let (mut reply, mut reply_caps) = ([0; MAX_BODY], Caps::new());
        let answer = invoke
            .invoke((body, &call_caps), (&mut reply, &mut reply_caps))
            .map_err(at("malformed call"))?;
        if answer.code.value() != 0 {
            let silent = reply.iter().all(|&byte| byte == 0) && reply_caps.as_slice().is_empty();
            ensure("a refusal says nothing else", silent)?;
        }
        Ok(answer.code.value())
    };
    let words = |words: &[u64]| words.iter().flat_map(|w| w.to_ne_bytes()).collect::<Vec<u8>>();
    let own = server.cap().raw();
    let (refused, unknown) =
        (ExceptionCode::MALFORMED.value(), ExceptionCode::INVALID_OPCODE.value());

    for opcode in [6, 7, 1 << 32, u64::MAX, 1 << 63] {
        ensure("an unknown function", send(&words(&[opcode, 0, 0]), &[])? == unknown)?;
    }
    // A buffer of more bytes than the interface, the message, or the address space has.
    for len in [233, 1024, u64::MAX - 7, u64::MAX] {
        ensure("a buffer too long", send(&words(&[1, len, 0, 0]), &[])? == refused)?;
    }
    ensure("a capability too many", send(&words(&[0, 1]), core::slice::from_ref(own))? == refused)?;
    ensure("a capability too few", send(&words(&[4]), &[])? == refused)?;
    let twice = [own.clone(), own.clone()];
    ensure("two for one", send(&words(&[4]), &twice)? == refused)?;
    ensure("longer than needed", send(&words(&[0, 1, 2, 3, 4]), &[])? == 0)?;
    // Kernels that do not tell the length make zeros of what is missing, and NOVA makes no function of nothing.
    for short in [&[][..], &[0; 3], &[0; 8]] {
        let code = send(short, &[])?;
        let none = short.is_empty() && code == unknown;
        ensure("a call without arguments", code == refused || code == 0 || none)?;
    }
    ensure("the server goes on", server.ping(1) == Ok(2))?;
    log!("malformed calls were refused");
    Ok(())
}
