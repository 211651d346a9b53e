//! Suggestions for unknown names.

/// Similar names as the end of an error message: `; did you mean a or b?`, or nothing.
pub fn did_you_mean<'n>(name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let likeness = |known: &'n str| (strsim::sorensen_dice(name, known), known);
    let mut near: Vec<(f64, &str)> = known.map(likeness).filter(|(likeness, _)| *likeness >= 0.5).collect();
    near.sort_by(|left, right| right.0.total_cmp(&left.0).then(left.1.cmp(right.1)));
    near.dedup();
    let near: Vec<&str> = near.into_iter().map(|(_, known)| known).take(3).collect();
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", near.join(" or ")) }
}
