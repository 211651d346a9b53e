//! Cached results. Threads that ask for the same key at the same time each compute it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Cache of results by key.
pub(crate) struct Memo<K, V>(Mutex<BTreeMap<K, Arc<V>>>);

impl<K, V> Default for Memo<K, V> {
    fn default() -> Memo<K, V> {
        Memo(Mutex::default())
    }
}

impl<K, V> fmt::Debug for Memo<K, V> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Memo")
    }
}

impl<K: Ord, V> Memo<K, V> {
    /// Drops all results.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The result for `key`, if it is there.
    pub(crate) fn known(&self, key: &K) -> Option<Arc<V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
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
