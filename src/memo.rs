//! Cached results. Threads that ask for the same key at the same time each compute it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Cache of results by key.
pub(crate) struct Memo<K, V>(Mutex<BTreeMap<K, Arc<V>>>);

impl<K: Ord, V> Memo<K, V> {
    pub(crate) fn new() -> Memo<K, V> {
        Memo(Mutex::default())
    }

    /// Returns the result for `key`, and computes it if it is missing. No lock is held meanwhile, so that `find_out` may use other threads.
    pub(crate) fn get(&self, key: K, find_out: impl FnOnce() -> V) -> Arc<V> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&key).cloned();
        known.unwrap_or_else(|| {
            let found = Arc::new(find_out());
            lock().entry(key).or_insert(found).clone()
        })
    }
}
