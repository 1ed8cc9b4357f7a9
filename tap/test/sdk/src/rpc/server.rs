//! rs_rpc_server: makes objects, and forgets them when they ask for it.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc};
use core::cell::RefCell;

use genode::{
    entrypoint::Entrypoint,
    prelude::*,
    quota::CapQuota,
    root::{Root, SessionRequest},
    rpc::{InBuffer, Object},
};
use rs_sdk_test::rpc::{Counter, CounterClient, NoCounter, RpcTest};

/// Objects of one session.
const MAX_COUNTERS: usize = 8;

/// The session's objects by number.
#[derive(Default)]
struct Counters {
    objects: BTreeMap<u64, Object<dyn Counter, Sum>>,
    last: u64,
}

/// One object.
struct Sum {
    value: u64,
    number: u64,
    siblings: Rc<RefCell<Counters>>,
}

impl Counter for Sum {
    fn add(&mut self, n: u64) -> u64 {
        self.value = self.value.wrapping_add(n);
        self.value
    }

    fn finish(&mut self) -> u64 {
        drop(self.siblings.borrow_mut().objects.remove(&self.number));
        self.value // still here: the object goes when the call is over
    }
}

/// One session.
struct Session {
    env: Env,
    ep: Entrypoint,
    counters: Rc<RefCell<Counters>>,
}

impl RpcTest for Session {
    fn ping(&mut self, v: u32) -> u32 {
        v.wrapping_add(1)
    }

    fn length(&mut self, text: InBuffer<'_, 232>) -> usize {
        text.as_text().map_or(usize::MAX, str::len)
    }

    fn counter(&mut self) -> Result<Capability<dyn Counter>, NoCounter> {
        let mut counters = self.counters.borrow_mut();
        if counters.objects.len() >= MAX_COUNTERS {
            return Err(NoCounter::TooMany);
        }
        counters.last += 1;
        let number = counters.last;
        let sum = Sum { value: 0, number, siblings: self.counters.clone() };
        let object =
            Object::<dyn Counter, _>::new(self.ep, sum).map_err(|_| NoCounter::Exhausted)?;
        let cap = object.cap().clone();
        counters.objects.insert(number, object);
        Ok(cap)
    }

    fn call_back(&mut self, counter: Capability<dyn Counter>, n: u32) -> Result<u64, NoCounter> {
        let counter = CounterClient::new(counter);
        let mut last = 0;
        for _ in 0..n {
            last = counter.add(u64::from(n)).map_err(|_| NoCounter::Exhausted)?;
        }
        Ok(last)
    }

    fn is_last(&self, counter: Capability<dyn Counter>) -> bool {
        let counters = self.counters.borrow();
        counters.objects.get(&counters.last).is_some_and(|object| *object.cap() == counter)
    }

    fn caps_used(&self) -> CapQuota {
        self.env.quota().caps_used
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The objects refer to each other by the map that holds them.
        self.counters.borrow_mut().objects.clear();
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let mut root = Root::new(env)?;
    root.serve::<dyn RpcTest, _>(move |request: &SessionRequest<'_>| {
        Ok(Session { env, ep: request.ep(), counters: Rc::default() })
    })?;
    Ok(root)
}
