//! Maps by numbers that core gave.

/// A map by such numbers, which need no hash that resists an attacker.
pub(crate) type Numbered<K, V> =
    std::collections::HashMap<K, V, genode_host_proto::numbered::BySpread>;

/// Sets of such numbers.
pub(crate) type NumberedSet<K> =
    std::collections::HashSet<K, genode_host_proto::numbered::BySpread>;
