//! The `session_requests` ROM: what a server's parent wants of it.

use alloc::{string::String, vec::Vec};

use crate::{
    affinity::{Affinity, Location, Space},
    args::{ArgsBuf, ArgsError},
    node::Node,
    quota::{CapQuota, RamQuota},
};

/// Largest ROM that is read; a parent with more requests than fit has them answered in turn.
pub(crate) const MAX_SIZE: usize = 1 << 20;

/// Largest text that is taken from where the parent shows it; one request takes a third of this.
pub(crate) const SHOWN: usize = 1024;

/// One entry of the ROM.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "short-lived, and nearly always a `Create`")]
pub(crate) enum Request {
    /// A new session.
    Create { id: u64, service: String, args: Args, affinity: Affinity },
    /// More quota for a session.
    Upgrade { id: u64, ram: RamQuota, caps: CapQuota },
    /// The end of a session.
    Close { id: u64 },
}

/// The arguments of a session request, or why there are none.
pub(crate) type Args = Result<ArgsBuf, ArgsError>;

/// The requests of a `session_requests` node. Entries that make no sense are dropped: the parent that wrote
/// them is trusted by everybody below it, so it can only hurt itself.
pub(crate) fn parse(node: &Node) -> Vec<Request> {
    node.children().iter().filter_map(request).collect()
}

fn request(node: &Node) -> Option<Request> {
    let id = node.attr_checked::<u64>("id").ok()??;
    Some(match node.tag() {
        "create" => Request::Create {
            id,
            service: node.attr("service")?.into(),
            args: args(node),
            affinity: node.child("affinity").map(affinity).unwrap_or_default(),
        },
        "upgrade" => Request::Upgrade {
            id,
            ram: node.attr_or("ram_quota", RamQuota(0)),
            caps: node.attr_or("cap_quota", CapQuota(0)),
        },
        "close" => Request::Close { id },
        _ => return None,
    })
}

/// The session arguments, with the label from the attribute: routes replace it there.
fn args(node: &Node) -> Args {
    let text = node.child("args").and_then(Node::text).unwrap_or_default();
    let mut args = ArgsBuf::copy(text.trim())?;
    if let Some(label) = node.attr("label") {
        args.set_str("label", label)?;
    }
    Ok(args)
}

fn affinity(node: &Node) -> Affinity {
    let mut affinity = Affinity::default();
    if let Some(space) = node.child("space") {
        affinity.space =
            Space { width: space.attr_or("width", 0), height: space.attr_or("height", 0) };
    }
    if let Some(location) = node.child("location") {
        affinity.location = Location {
            x: location.attr_or("xpos", 0),
            y: location.attr_or("ypos", 0),
            width: location.attr_or("width", 0),
            height: location.attr_or("height", 0),
        };
    }
    affinity
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quota::Amount;

    const XML: &[u8] = br#"<session_requests>
        <create id="0" service="Hello" label="client -> a">
            <args>label="client -> a", ram_quota=8K, cap_quota=3</args>
            <affinity><space width="4" height="1"/><location xpos="2" ypos="0" width="2" height="1"/></affinity>
        </create>
        <upgrade id="1" ram_quota="4096" cap_quota="2"/>
        <close id="2"/>
        <create service="Hello"/>
        <close id="minus one"/>
        <unknown id="3"/>
    </session_requests>"#;

    #[test]
    fn reads_what_a_parent_writes() {
        let requests = parse(&Node::parse(XML).unwrap());
        assert_eq!(requests.len(), 3, "{requests:?}");
        let Request::Create { id: 0, service, args: Ok(args), affinity } = &requests[0] else {
            panic!("{:?}", requests[0]);
        };
        assert_eq!(service, "Hello");
        assert_eq!(args.args().quota(), Amount::new(8192, 3));
        assert_eq!(args.args().label().unwrap().as_str(), "client -> a");
        assert_eq!(affinity.space, Space { width: 4, height: 1 });
        assert_eq!(affinity.location, Location { x: 2, y: 0, width: 2, height: 1 });
        assert_eq!(requests[1], Request::Upgrade { id: 1, ram: RamQuota(4096), caps: CapQuota(2) });
        assert_eq!(requests[2], Request::Close { id: 2 });
    }

    #[test]
    fn the_label_attribute_wins() {
        let node = Node::parse(
            br#"<session_requests><create id="0" service="S" label="routed"><args>label="own"</args></create></session_requests>"#,
        )
        .unwrap();
        let Some(Request::Create { args: Ok(args), .. }) = parse(&node).pop() else {
            panic!("not a create request");
        };
        assert_eq!(args.args().label().unwrap().as_str(), "routed");
    }
}
