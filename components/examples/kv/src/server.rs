//! Offers the service.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::{collections::BTreeMap, rc::Rc, string::String, vec, vec::Vec};
use core::time::Duration;

use genode::root::{Account, Root, SessionRequest};
use genode::rpc::{FixedString, InBuffer, later::Later, later::Tickets};
use genode::{dataspace::Dataspace, dataspace::SharedRam, prelude::*, task::Tasks, time::Timers};
use rs_kv::{Key, Kv, KvError};

const BUFFER: usize = 64 << 10;
/// Bytes that an entry takes beside key and value: nodes of the map, and what the heap rounds up.
const ENTRY: usize = 192;

struct Session {
    label: String,
    account: Account,
    map: BTreeMap<String, Vec<u8>>,
    buffer: Option<SharedRam>,
    lookups: Tickets<Result<usize, KvError>>,
    /// Looks values up, and tells the time.
    disk: Rc<(Tasks, Timers)>,
}

impl Session {
    fn value(&self, key: Key<'_>) -> Result<&Vec<u8>, KvError> {
        self.map.get(key.as_text().ok_or(KvError::BadKey)?).ok_or(KvError::NotFound)
    }

    fn store(&mut self, key: Key<'_>, value: Vec<u8>) -> Result<(), KvError> {
        let key = key.as_text().ok_or(KvError::BadKey)?;
        self.account.charge(ENTRY + key.len() + value.len()).or(Err(KvError::OutOfRam))?;
        let old = self.map.insert(key.into(), value);
        self.account.refund(old.map_or(0, |old| ENTRY + key.len() + old.len()));
        Ok(())
    }
}

impl Kv for Session {
    fn put(&mut self, key: Key<'_>, value: InBuffer<'_, 512>) -> Result<(), KvError> {
        self.store(key, value.terminated().unwrap_or(value.as_bytes()).into())
    }

    fn get(&mut self, key: Key<'_>) -> Result<FixedString<257>, KvError> {
        FixedString::from_bytes(self.value(key)?).ok_or(KvError::TooBig)
    }

    fn name(&self) -> FixedString<160> {
        FixedString::new(&self.label).unwrap_or_default()
    }

    fn bulk(&mut self) -> Result<Capability<Dataspace>, KvError> {
        if self.buffer.is_none() {
            self.account.charge(BUFFER).or(Err(KvError::OutOfRam))?;
            self.buffer = Some(SharedRam::new(BUFFER).or(Err(KvError::OutOfRam))?);
        }
        self.buffer.as_ref().map(|buffer| buffer.cap().clone()).ok_or(KvError::OutOfRam)
    }

    fn put_bulk(&mut self, key: Key<'_>, len: usize) -> Result<(), KvError> {
        let buffer = self.buffer.as_ref().filter(|_| len <= BUFFER).ok_or(KvError::TooBig)?;
        // Nothing is allocated that the session could not pay; `store` charges it with the rest.
        let paid = self.account.charge(len).map(|()| self.account.refund(len));
        let mut value = paid.map(|()| vec![0; len]).or(Err(KvError::OutOfRam))?;
        buffer.read(0, &mut value).or(Err(KvError::TooBig))?;
        self.store(key, value)
    }

    fn get_bulk(&mut self, key: Key<'_>) -> Result<usize, KvError> {
        let (buffer, value) = (self.buffer.as_ref(), self.value(key)?);
        buffer.ok_or(KvError::TooBig)?.write(0, value).or(Err(KvError::TooBig)).and(Ok(value.len()))
    }

    fn lookup(&mut self, key: Key<'_>, later: Later<Result<usize, KvError>>) {
        let (found, disk) = (self.value(key).map(Vec::len), self.disk.clone());
        let slow =
            Duration::from_millis(if key.as_text() == Some("never") { u64::MAX } else { 50 });
        self.disk.0.spawn(async move {
            let Err(_) = disk.1.timeout(slow, later.cancelled()).await else { return };
            later.finish(found);
        });
    }

    fn lookup_tickets(&mut self) -> &mut Tickets<Result<usize, KvError>> {
        &mut self.lookups
    }

    fn poison(&mut self) {
        unreachable!("poisoned by '{}'", self.label)
    }
}

#[genode::component]
fn main(env: Env) -> Result<Root, Error> {
    let (mut root, disk) = (Root::new(env)?, Rc::new((Tasks::new(env.ep())?, Timers::open(env)?)));
    root.serve::<dyn Kv, _>(move |request: &SessionRequest<'_>| {
        let (label, account): (String, _) = (request.label().into(), request.account().clone());
        // Of RAM that a session costs besides its values, its lookups among them.
        account.charge(12 << 10)?;
        log!("session for '{label}', {} of RAM", account.available());
        let (map, lookups, disk) = (BTreeMap::new(), Tickets::new(16), disk.clone());
        Ok(Session { label, account, map, buffer: None, lookups, disk })
    })?;
    Ok(root)
}
