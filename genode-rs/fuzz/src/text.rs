//! Text from outside: session arguments, configurations and reports in both syntaxes.

use genode::{
    args::{ArgsBuf, ArgsRef},
    label::{self, Label},
    node::{Node, Syntax},
    sandbox::Config,
};

/// Session arguments: read in every way; what is set is what is read, whatever stood there before.
pub fn args(bytes: &[u8]) {
    let Ok(args) = ArgsRef::from_bytes(bytes) else { return };
    for (key, value) in args.iter() {
        assert!(args.as_str().contains(key));
        let _ = (value.as_u64(), value.as_i64(), value.as_bool());
        let _ = value.chars().map(Iterator::count);
    }
    let given = args.label().ok();
    let Ok(mut changed) = ArgsBuf::<256>::copy(args.as_str()) else { return };
    let seen = Label::prefixed("child", given.as_ref().map_or("", Label::as_str));
    if let Ok(seen) = seen
        && changed.set_str("label", seen.as_str()).is_ok()
    {
        // what a parent makes of a child's arguments: the server must see the child's name in front
        assert_eq!(changed.args().label().as_ref(), Ok(&seen), "{}", args.as_str());
        let labels = changed.args().iter().filter(|(key, _)| *key == "label").count();
        assert_eq!(labels, 1, "{}", args.as_str());
    }
    if changed.set_u64("ram_quota", 810).is_ok() {
        assert_eq!(changed.args().quota().ram.0, 810);
    }
}

/// A tree in XML or HID: what can be read and written again is the same, and a sandbox makes sense of any.
pub fn node(bytes: &[u8]) {
    let Ok(node) = Node::parse(bytes) else { return };
    if let Ok(hid) = node.write(Syntax::Hid) {
        assert_eq!(Node::parse(hid.as_bytes()).as_ref(), Ok(&node), "{hid}");
    }
    if let Ok(xml) = node.write(Syntax::Xml) {
        // XML does not tell blank text from none, so that only the second round must be exact
        let read = Node::parse(xml.as_bytes());
        let again = read.as_ref().map(|n| n.write(Syntax::Xml));
        assert!(again.is_ok(), "{read:?}: {xml}");
        assert_eq!(again.ok().and_then(Result::ok), Some(blankless(&xml, &node)), "{xml}");
    }
    let _ = label::policy(&node, "a -> b");
    let (config, _) = Config::read(&node);
    assert!(config.starts.len() <= node.children().len());
}

/// The text, or the text of the tree as XML reads it.
fn blankless(xml: &str, node: &Node) -> String {
    fn without(node: &Node) -> Node {
        let mut copy = Node::new(node.tag());
        for attr in node.attrs() {
            copy.set_attr(attr.name(), attr.value());
        }
        match node.text() {
            Some(text) if !text.trim().is_empty() => {
                copy.set_text(text);
            }
            _ => {
                for child in node.children() {
                    copy.push(without(child));
                }
            }
        }
        copy
    }
    without(node).write(Syntax::Xml).unwrap_or_else(|_| xml.to_owned())
}
