//! Offers the service.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc, string::String, vec, vec::Vec};
use core::time::Duration;

use genode::dataspace::{Dataspace, SharedRam};
use genode::root::{Account, Root, SessionRequest};
use genode::rpc::{FixedString, InBuffer, later::Later, later::Tickets};
use genode::{prelude::*, task::Tasks, time::Timers};
use rs_kv::{Key, Kv, KvError};

const BUFFER: usize = 64 << 10;
/// Bytes that a session costs besides its values, its lookups among them.
const OVERHEAD: usize = 12 << 10;

type Found = Result<usize, KvError>;

struct Session {
    label: String,
    account: Account,
    map: BTreeMap<String, Vec<u8>>,
    buffer: Option<SharedRam>,
    lookups: Tickets<Found>,
    tasks: Rc<Tasks>,
    timers: Timers,
}

impl Session {
    fn charge(&self, bytes: usize) -> Result<(), KvError> {
        self.account.charge(bytes).map_err(|_| KvError::OutOfRam)
    }

    fn value(&self, key: Key<'_>) -> Result<&Vec<u8>, KvError> {
        self.map.get(key.as_text().ok_or(KvError::NoText)?).ok_or(KvError::NotFound)
    }

    fn store(&mut self, key: Key<'_>, value: Vec<u8>) -> Result<(), KvError> {
        let key = key.as_text().ok_or(KvError::NoText)?;
        self.charge(key.len() + value.len())?;
        let old = self.map.insert(key.into(), value);
        self.account.refund(old.map_or(0, |old| key.len() + old.len()));
        Ok(())
    }

    fn buffer(&self) -> Result<&SharedRam, KvError> {
        self.buffer.as_ref().ok_or(KvError::TooBig)
    }
}

impl Kv for Session {
    fn put(&mut self, key: Key<'_>, value: InBuffer<'_, 256>) -> Result<(), KvError> {
        self.store(key, value.as_text().ok_or(KvError::NoText)?.into())
    }

    fn get(&mut self, key: Key<'_>) -> Result<FixedString<256>, KvError> {
        FixedString::from_bytes(self.value(key)?).ok_or(KvError::TooBig)
    }

    fn name(&self) -> FixedString<32> {
        FixedString::new(&self.label).unwrap_or_default()
    }

    fn bulk(&mut self) -> Result<Capability<Dataspace>, KvError> {
        if self.buffer.is_none() {
            self.charge(BUFFER)?;
            self.buffer = Some(SharedRam::new(BUFFER).map_err(|_| KvError::OutOfRam)?);
        }
        Ok(self.buffer()?.cap().clone())
    }

    fn put_bulk(&mut self, key: Key<'_>, len: usize) -> Result<(), KvError> {
        let mut value = vec![0; len.min(BUFFER)];
        self.buffer()?.read(0, &mut value).map_err(|_| KvError::TooBig)?;
        self.store(key, value)
    }

    fn get_bulk(&mut self, key: Key<'_>) -> Result<usize, KvError> {
        let value = self.value(key)?;
        self.buffer()?.write(0, value).map_err(|_| KvError::TooBig)?;
        Ok(value.len())
    }

    fn lookup(&mut self, key: Key<'_>, later: Later<Found>) {
        let (found, timers) = (self.value(key).map(Vec::len), self.timers.clone());
        if key.as_text() == Some("never") {
            return self.tasks.spawn(async move { later.cancelled().await });
        }
        self.tasks.try_spawn(async move {
            timers.sleep(Duration::from_millis(50)).await?; // a slow disk
            later.finish(found);
            Ok::<_, Error>(())
        });
    }

    fn lookup_tickets(&mut self) -> &mut Tickets<Found> {
        &mut self.lookups
    }

    fn poison(&mut self) {
        unreachable!("poisoned by '{}'", self.label)
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let (tasks, timers) = (Rc::new(Tasks::new(env.ep())?), Timers::open(env)?);
    let mut root = Root::new(env)?;
    root.serve::<dyn Kv, _>(move |request: &SessionRequest<'_>| {
        let (label, account) = (request.label().into(), request.account().clone());
        account.charge(OVERHEAD)?;
        let (map, lookups) = (BTreeMap::new(), Tickets::new(16));
        let (tasks, timers) = (tasks.clone(), timers.clone());
        Ok(Session { label, account, map, buffer: None, lookups, tasks, timers })
    })?;
    Ok(root)
}
