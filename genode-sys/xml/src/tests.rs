use std::{borrow::ToOwned, format, string::String, vec::Vec};

use proptest::prelude::*;

use super::*;

fn refusal(text: &str) -> Option<ErrorKind> {
    Document::parse(text).err().map(|error| error.kind)
}

fn position(text: &str) -> (u32, u32, ErrorKind) {
    let error = Document::parse(text).unwrap_err();
    (error.position.line, error.position.column, error.kind)
}

/// An element with `n` attributes.
fn wide(n: usize) -> String {
    let attributes: Vec<_> = (0..n).map(|i| format!(" a{i}=\"\"")).collect();
    format!("<a{}/>", attributes.concat())
}

#[test]
fn reads_elements_attributes_and_text() {
    let text = "\n <?xml version=\"1.0\"?><!-- c --><a x='1' y=\"&lt;é\">t<b/>u&amp;<c/></a>\n";
    let document = Document::parse(text).unwrap();
    let root = document.root();
    assert_eq!((root.name(), root.is_namespaced(), root.line()), ("a", false, 2));
    let attributes: Vec<_> = root.attributes().map(|a| (a.name(), a.value())).collect();
    assert_eq!(attributes, [("x", "1"), ("y", "<é")]);
    assert_eq!((root.attribute("y"), root.attribute("z")), (Some("<é"), None));
    assert_eq!(root.texts().collect::<Vec<_>>(), ["t", "u&"]);
    let children: Vec<_> = root.children().map(|child| &text[child.range()]).collect();
    assert_eq!(children, ["<b/>", "<c/>"]);
    assert!(root.attributes().all(|a| text[a.start()..].starts_with(a.name())));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let text = "\u{feff}\n<?xml version=\"1.0\"?>\n<a><b/></a>";
    let document = Document::parse(text).unwrap();
    let b = document.root().children().next().unwrap();
    assert_eq!((&text[b.range()], b.line()), ("<b/>", 3));
    assert_eq!(position("\u{feff}<a>\n</b>"), (2, 1, ErrorKind::Mismatch));
    assert!(Document::parse("<a>\u{feff}</a>").is_ok());
}

#[test]
fn limits_are_told_without_reading() {
    assert_eq!(check_limits(&wide(MAX_ATTRIBUTES)), Ok(()));
    assert_eq!(check_limits(&wide(MAX_ATTRIBUTES + 1)), Err(ErrorKind::TooManyAttributes));
    assert_eq!(check_limits(&" ".repeat(MAX_SIZE + 1)), Err(ErrorKind::TooLarge));
}

#[test]
fn namespaces_are_told() {
    let document = Document::parse("<n:a xmlns:n='u' n:b='1' c='2'><d/></n:a>").unwrap();
    let root = document.root();
    assert!(root.is_namespaced() && root.name() == "a");
    let marks: Vec<_> = root.attributes().map(|a| (a.name(), a.is_namespaced())).collect();
    assert_eq!(marks, [("b", true), ("c", false)]);
    assert_eq!(root.children().next().map(Element::is_namespaced), Some(false));
}

#[test]
fn names_and_declarations_are_as_the_text_has_them() {
    let text = "\n<n:a\txmlns:n = 'u&amp;v' n:b='1' c=' xmlns=\"no\"' xmlns=\"\">xmlns='no'<n:d xmlns='w'/><e xmlns:x='y'\n>\
        <!-- xmlns='no' --></e></n:a>";
    let document = Document::parse(text).unwrap();
    let declared = |element: Element<'_>| -> Vec<_> {
        let of = |d: Declaration<'_>| {
            assert!(text[d.start..].starts_with(d.name));
            (d.name.to_owned(), d.value.to_owned())
        };
        element.declarations().map(of).collect()
    };
    let is = |of: &[(&str, &str)]| -> Vec<_> {
        of.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let root = document.root();
    assert_eq!(root.qualified_name(), "n:a");
    assert_eq!(declared(root), is(&[("xmlns:n", "u&v"), ("xmlns", "")]));
    let names: Vec<_> = root.attributes().map(Attribute::qualified_name).collect();
    assert_eq!(names, ["n:b", "c"]);
    let inside: Vec<_> =
        root.children().map(|child| (child.qualified_name(), declared(child))).collect();
    assert_eq!(inside, [("n:d", is(&[("xmlns", "w")])), ("e", is(&[("xmlns:x", "y")]))]);
    let plain = Document::parse("<a b='xmlns'/>").unwrap();
    assert_eq!(declared(plain.root()), []);
}

#[test]
fn errors_name_the_place() {
    use ErrorKind as K;
    assert_eq!(position("<config>\n<a></b></config>"), (2, 4, K::Mismatch));
    assert_eq!(position("\n\n  <config a=\"1\"\n a=\"2\"/>"), (4, 2, K::DuplicateAttribute));
    assert_eq!(position("<config>\n  <start>\n"), (3, 1, K::Unclosed));
    assert_eq!(position("<config a=1/>"), (1, 11, K::Syntax));
    assert_eq!(position("<é>é&foo;</é>"), (1, 7, K::Reference)); // bytes, not characters
    assert_eq!(position("<!-- c -->\n<!DOCTYPE a><a/>"), (2, 1, K::Doctype));
    assert_eq!(position("<a>\n<x:b/></a>"), (2, 2, K::Namespace));
    assert_eq!(position("<a>\u{1}</a>"), (1, 4, K::Control));
    assert_eq!(position("<a><1/></a>").2, K::Name);
    assert_eq!(position("<a>\n<!-- b -- c --></a>").2, K::Comment);
    assert_eq!(position("<a><!-- b ---></a>").2, K::Comment);
    assert_eq!(refusal("<a><!-- b - c --></a>"), None);
    assert_eq!(refusal(""), Some(K::Unclosed));
    assert_eq!(refusal("<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>"), Some(K::Doctype));
    assert_eq!(
        format!("{}", Document::parse("<a>\n</b>").unwrap_err()),
        "line 2, column 1: closing tag does not match the element that is open; close them in order"
    );
}

#[test]
fn size_is_bounded() {
    let text = format!("<a b='{}'/>", " ".repeat(MAX_SIZE - 9));
    assert_eq!((text.len(), refusal(&text)), (MAX_SIZE, None));
    assert_eq!(refusal(&format!("{text} ")), Some(ErrorKind::TooLarge));
}

#[test]
fn depth_is_bounded() {
    let nested = |n: usize| format!("{}<b/>{}", "<a>".repeat(n), "</a>".repeat(n));
    assert_eq!(refusal(&nested(MAX_DEPTH - 1)), None);
    let place = (1, 3 * MAX_DEPTH as u32 + 1, ErrorKind::TooDeep);
    assert_eq!(position(&nested(MAX_DEPTH)), place);
    assert_eq!(position(&nested(MAX_NODES as usize - 1)), place);
    // siblings do not add up
    let beside = format!("<a>{}</a>", nested(MAX_DEPTH - 2).repeat(3));
    assert_eq!(refusal(&beside), None);
}

#[test]
fn elements_and_tags_are_bounded() {
    let elements = |n: usize| format!("<a>{}</a>", "\n<b>t</b>".repeat(n - 1));
    assert_eq!(refusal(&elements(MAX_NODES as usize)), None);
    // a tag too many is noticed first
    assert_eq!(refusal(&elements(MAX_NODES as usize + 1)), Some(ErrorKind::TooManyTags));
    let short = |n: usize| format!("<a>{}</a>", "\n<b/>".repeat(n - 1));
    assert_eq!(refusal(&short(MAX_NODES as usize)), None);
    let line = MAX_NODES + 1;
    assert_eq!(position(&short(MAX_NODES as usize + 1)), (line, 1, ErrorKind::TooManyNodes));

    let comments = |n: usize| format!("<a>{}</a>", "<!---->".repeat(n - 2));
    assert_eq!(refusal(&comments(MAX_TAGS)), None);
    let column = 4 + 7 * (MAX_TAGS as u32 - 1);
    assert_eq!(position(&comments(MAX_TAGS + 1)), (1, column, ErrorKind::TooManyTags));
    assert_eq!(refusal(&"<".repeat(MAX_TAGS + 1)), Some(ErrorKind::TooManyTags));
    assert_eq!(refusal(&"<".repeat(MAX_TAGS)), Some(ErrorKind::Name));
}

#[test]
fn attributes_of_an_element_are_bounded() {
    assert_eq!(refusal(&wide(MAX_ATTRIBUTES)), None);
    let text = wide(MAX_ATTRIBUTES + 1);
    let column = text.rfind(" a").unwrap() as u32 + format!(" a{MAX_ATTRIBUTES}=").len() as u32 + 1;
    assert_eq!(position(&text), (1, column, ErrorKind::TooManyAttributes));
    assert_eq!(refusal(&wide(16_000)), Some(ErrorKind::TooManyAttributes));
    // in the last element, and in one that never ends
    assert_eq!(refusal(&format!("<a>{}</a>", wide(200))), Some(ErrorKind::TooManyAttributes));
    let cut = wide(16_000);
    assert_eq!(refusal(cut.trim_end_matches("/>")), Some(ErrorKind::TooManyAttributes));
}

#[test]
fn what_only_looks_like_attributes_is_text() {
    let pairs = " a=\"1\"".repeat(2 * MAX_ATTRIBUTES);
    assert_eq!(refusal(&format!("<a>{pairs}</a>")), None);
    assert_eq!(refusal(&format!("<a><!--{pairs}--><![CDATA[{pairs}]]><?p {pairs}?></a>")), None);
    assert_eq!(refusal(&format!("<a b='{}'>{pairs}</a>", "\">\"".repeat(1000))), None);
}

#[test]
fn an_element_may_have_eight_attributes_on_average() {
    assert_eq!(limits::MAX_EQUALS / limits::MAX_NODES as usize, 8);
}

#[test]
fn all_attributes_together_are_bounded() {
    let equals = |n: usize| format!("<a b=\"\">{}</a>", "=".repeat(n - 1));
    assert_eq!(refusal(&equals(MAX_EQUALS)), None);
    assert_eq!(position(&equals(MAX_EQUALS + 1)).2, ErrorKind::TooManyEquals);
}

#[test]
fn namespaces_are_bounded() {
    let spaces = |n: usize| {
        let declared: Vec<_> = (0..n).map(|i| format!(" xmlns:n{i}='u'")).collect();
        format!("<a{}/>", declared.concat())
    };
    assert_eq!(refusal(&spaces(MAX_NAMESPACES)), None);
    assert_eq!(refusal(&spaces(MAX_NAMESPACES + 1)), Some(ErrorKind::TooManyNamespaces));
    // not for their names, but for their letters
    let word = |n: usize| format!("<a>{}</a>", "xmlns ".repeat(n));
    assert_eq!(refusal(&word(MAX_NAMESPACES)), None);
    assert_eq!(refusal(&word(MAX_NAMESPACES + 1)), Some(ErrorKind::TooManyNamespaces));
}

#[test]
fn the_open_element_is_found() {
    let at = |text: &str| {
        let error = Document::parse(text).unwrap_err();
        open_element(text, error.offset).map(|(name, at)| (String::from(name), at))
    };
    let found = |name: &str, at: usize| Some((String::from(name), at));
    assert_eq!(at("<a>\n  <b x='>' y=\"/>\">\n</a>"), found("b", 6));
    assert_eq!(
        at("<?xml version='1.0'?><a><b/><!-- <c> --><d ></d><![CDATA[<e>]]>"),
        found("a", 21)
    );
    assert_eq!(at("<a></a></a>"), None);
    assert_eq!(open_element("<a", 2), Some(("a", 0)));
    assert_eq!(open_element("", 7), None);
}

#[test]
fn a_cursor_goes_both_ways() {
    let mut cursor = Cursor::new("a\nbc\n\nd");
    let mut at = |offset| {
        let Position { line, column } = cursor.position(offset);
        (line, column)
    };
    let forth: Vec<_> = (0..=7).map(&mut at).collect();
    let back: Vec<_> = (0..=7).rev().map(&mut at).collect();
    assert_eq!(forth, [(1, 1), (1, 2), (2, 1), (2, 2), (2, 3), (3, 1), (4, 1), (4, 2)]);
    assert!(back.into_iter().rev().eq(forth));
    assert_eq!(at(100), (4, 2));
}

/// Pieces of markup, so that random texts are often nearly XML.
fn markup() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        8 => prop::sample::select(std::vec![
            "<a", "<b>", "</b>", "</a>", "/>", ">", " x=\"1\"", " y='\"'", " z=\">\"", "\"", "'", "=",
            "<!--", "-->", "<![CDATA[", "]]>", "<?p ", "?>", "&amp;", "&", "<", "\n", "é", " ", "text",
            " xmlns:n='u'", " n:a=''", "<n:c/>", "<?xml version='1.0'?>",
        ]).prop_map(String::from),
        1 => (0_usize..3).prop_map(|more| wide(MAX_ATTRIBUTES - 1 + more)),
        1 => (0_usize..3).prop_map(|more| wide(MAX_ATTRIBUTES - 1 + more).replace("\"\"", "'>\"'")),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn no_element_has_more_attributes_than_is_checked(text in markup()) {
        let Ok(tree) = roxmltree::Document::parse(&text) else { return Ok(()) };
        let most = tree.descendants().map(|node| node.attributes().count()).max().unwrap_or(0);
        match limits::check(&text) {
            Ok(()) => prop_assert!(most <= MAX_ATTRIBUTES),
            Err((kind, _)) => prop_assert_eq!(kind, ErrorKind::TooManyAttributes),
        }
    }

    #[test]
    fn reading_ends_with_a_document_or_a_place_in_the_text(text in markup()) {
        if let Err(error) = Document::parse(&text) {
            prop_assert!(error.offset <= text.len(), "{error:?}");
            prop_assert_eq!(Cursor::new(&text).position(error.offset), error.position);
            let _ = open_element(&text, error.offset);
        }
    }

    #[test]
    fn positions_are_those_of_counting(text in "[a\né]{0,40}", offset in 0_usize..50) {
        let before = text.as_bytes().get(..offset).unwrap_or(text.as_bytes());
        let mut lines = before.split(|byte| *byte == b'\n');
        let column = 1 + lines.next_back().map_or(0, <[u8]>::len);
        let line = 1 + lines.count();
        let position = Cursor::new(&text).position(offset);
        prop_assert_eq!((position.line as usize, position.column as usize), (line, column));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn an_element_within_the_limit_is_read_whatever_its_values_hold(
        values in prop::collection::vec("[ -%'-;=-~é\n]{0,40}", 0..=MAX_ATTRIBUTES),
    ) {
        let quoted = |value: &String| if value.contains('"') {
            format!("'{}'", value.replace('\'', ""))
        } else {
            format!("\"{value}\"")
        };
        let attributes = values.iter().enumerate().map(|(i, v)| format!(" a{i}={}", quoted(v)));
        let text = format!("<a{}>'</a>", attributes.collect::<Vec<_>>().concat());
        let document = Document::parse(&text).unwrap();
        prop_assert_eq!(document.root().attributes().count(), values.len());
    }
}
