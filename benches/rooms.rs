//! One benchmark for each room that time is spent in, on the made-up kernel of testdata, so that a regression shows where.
#![allow(clippy::unwrap_used)]

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use mmaplint::index::{Built, Index, KnownTypes, Search, Types, build};
use mmaplint::kernel::{Tree, walk};
use mmaplint::rules::Rules;
use mmaplint::source::{ItemKind, Masked, parse, slice, variants};
use mmaplint::vma::Analysis;
use mmaplint::vma::analysis::every_key;
use mmaplint::vma::lower::Context;

const TREE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/kernel");

/// The text of all files of the tree, over and over, as often as it fits into a mebibyte.
fn text() -> Vec<u8> {
    let root = Path::new(TREE);
    let mut sources = walk(&Tree::open(root).unwrap(), |_, part| part.sources.iter().collect::<Vec<_>>()).concat();
    sources.sort();
    let once: Vec<u8> = sources.iter().flat_map(|path| std::fs::read(root.join(path)).unwrap()).collect();
    once.iter().copied().cycle().take((1 << 20) / once.len() * once.len()).collect()
}

fn filter(criterion: &mut Criterion) {
    let text = text().iter().map(|byte| if b"mP".contains(byte) { b'n' } else { *byte }).collect::<Vec<u8>>();
    let headers = Search::new(&[b"vm_area_", b"mmap"]);
    let sources = Search::new(&[b"vm_area_", b"mmap", b"OPS"]);
    let mut group = criterion.benchmark_group("filter");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("a header that does not matter", |bencher| bencher.iter(|| headers.any_in(black_box(&text))));
    group.bench_function("a source that does not matter", |bencher| bencher.iter(|| sources.any_in(black_box(&text))));
    group.finish();
}

fn slicer(criterion: &mut Criterion) {
    let text = text();
    let mut group = criterion.benchmark_group("slicer");
    group.throughput(Throughput::Bytes(text.len() as u64));
    group.bench_function("a mebibyte", |bencher| bencher.iter(|| slice(black_box(&text)).items.len()));
    group.finish();
}

/// The functions of the tree, as texts.
fn functions() -> Vec<Vec<u8>> {
    let text = text();
    let items = slice(&text).items.into_iter().filter(|item| item.kind == ItemKind::Function);
    items.take(100).map(|item| item.span.of(&text).to_vec()).collect()
}

fn mask(criterion: &mut Criterion) {
    let functions = functions();
    let mut group = criterion.benchmark_group("mask");
    group.throughput(Throughput::Bytes(functions.iter().map(|text| text.len() as u64).sum()));
    group.bench_function("a hundred functions", |bencher| {
        bencher.iter(|| functions.iter().map(|text| variants(black_box(text)).len()).sum::<usize>())
    });
    group.finish();
}

fn parser(criterion: &mut Criterion) {
    let functions: Vec<(Masked, Vec<u8>)> =
        functions().into_iter().map(|text| (variants(&text).swap_remove(0), text)).collect();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Bytes(functions.iter().map(|(_, text)| text.len() as u64).sum()));
    group.bench_function("a hundred functions", |bencher| {
        bencher.iter(|| {
            let parsed = functions.iter().map(|(masked, text)| parse::functions(black_box(text), masked, 0));
            parsed.map(|parsed| parsed.syntax.len()).sum::<usize>()
        })
    });
    group.finish();
}

fn follow(criterion: &mut Criterion) {
    let rules = Rules::built_in().unwrap();
    let tree = Tree::open(Path::new(TREE)).unwrap();
    let Built { index, .. } = build(&tree, &rules);
    let every = |index: &Index| {
        let known = KnownTypes::default();
        let types = Types::new(index, &tree, &known, &rules);
        let context = Context { index, types, rules: &rules, follows_modules: false };
        let mut analysis = Analysis::new(context);
        analysis.add(every_key(context));
        analysis.functions()
    };
    criterion.bench_function("follow/every function of the tree", |bencher| bencher.iter(|| every(black_box(&index))));
}

criterion_group!(rooms, filter, slicer, mask, parser, follow);
criterion_main!(rooms);
