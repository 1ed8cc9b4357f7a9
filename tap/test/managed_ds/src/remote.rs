//! Managed dataspaces of another component.

use core::sync::atomic::Ordering;

use genode::{
    connection::Connection,
    dataspace::{Attached, PAGE_SIZE},
    prelude::*,
};
use rs_managed_ds_test::{Managed, PAGES, READ_ONLY, first_word};

use rs_checks::{Test, at, ensure};

struct Client {
    session: Connection<dyn Managed>,
    memory: Attached,
}

impl Client {
    fn first(&self, page: usize) -> Test<u64> {
        self.memory.load_u64(page * PAGE_SIZE, Ordering::Relaxed).map_err(at("read"))
    }

    fn write(&self, page: usize, value: u64) -> Test {
        let word = self.memory.atomic_u64(page * PAGE_SIZE + 8).map_err(at("write"))?;
        word.store(value, Ordering::Release);
        Ok(())
    }
}

pub(crate) fn run(env: Env, victims: bool) -> Test {
    let session = Connection::<dyn Managed>::open(env, "").map_err(at("session"))?;
    let dataspace = session.dataspace().map_err(at("dataspace"))?;
    let memory = Attached::writeable(&dataspace).map_err(at("attach"))?;
    ensure("the dataspace's size", memory.size() == PAGES * PAGE_SIZE)?;
    let client = Client { session, memory };
    on_demand(&client)?;
    taken_away(&client)?;
    if victims {
        while !client.session.end_waiter().map_err(at("end the waiter"))? {}
        ensure(
            "the server goes on",
            client.first(READ_ONLY + 1)? == first_word(READ_ONLY + 1, 81),
        )?;
        log!("a dataspace was destroyed while a component waited for it");
    }
    let Client { session, memory } = client;
    drop(memory);
    drop(session);
    Ok(())
}

fn on_demand(client: &Client) -> Test {
    ensure("nothing is provided yet", client.session.provided() == Ok(0))?;
    for page in (0..PAGES).step_by(3) {
        ensure("a page is provided", client.first(page)? == first_word(page, 1))?;
    }
    ensure("what is not accessed is not", client.session.provided() == Ok(22))?;
    for page in 0..READ_ONLY {
        client.write(page, page as u64 + 7)?;
    }
    for page in 0..READ_ONLY {
        let seen = client.session.second_word(page as u32);
        ensure("the server sees what was written", seen == Ok(page as u64 + 7))?;
    }
    log!("pages of a server provided on demand");
    Ok(())
}

fn taken_away(client: &Client) -> Test {
    let mut generation = 1;
    for page in 0..20 {
        client.session.detach(page as u32).map_err(at("detach"))?;
        generation += 1;
        ensure(
            "after detach it is another page",
            client.first(page)? == first_word(page, generation),
        )?;
        ensure("without what was written", client.session.second_word(page as u32) == Ok(0))?;
    }
    for page in 0..20 {
        client.session.free(page as u32).map_err(at("free"))?;
        generation += 1;
        // Freed memory may be seen as zero until the component has heard of it.
        let mut seen = client.first(page)?;
        while seen == 0 {
            seen = client.first(page)?;
        }
        ensure("after free it is another page", seen == first_word(page, generation))?;
    }
    // Freed and detached by hands that do not wait for each other.
    for page in 0..20 {
        client.write(page, 1)?;
        client.session.free(page as u32).map_err(at("free"))?;
        client.session.detach(page as u32).map_err(at("detach"))?;
        generation += 2;
        ensure(
            "after both it is another page",
            client.first(page)? == first_word(page, generation),
        )?;
    }
    log!("pages taken away while they are mapped");
    Ok(())
}
