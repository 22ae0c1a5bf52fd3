#!/usr/bin/env python3
"""Other libraries on the vectors, queries and filters of the benchmark `nearest`, one thread each (but for LanceDB,
which hangs with one).

    pip install numpy pyarrow faiss-cpu hnswlib usearch duckdb duckdb-extension-vss lancedb sqlite-vec apsw
    python tests/benches/nearest_peers.py make FOLDER [ROWS]     writes vectors and queries, which both read
    cargo bench -p helioql-tests --bench nearest --locked -- FOLDER
    python tests/benches/nearest_peers.py run FOLDER             measures the peers

The vectors are those of a thousand clusters of 128 numbers (seed 7), each a centre of unit normal numbers and half as
much around it. A filter is the share of rows with `u` below a number, or the rows of some clusters.
"""

import os
import sys
import tempfile
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

DIMENSION, CLUSTERS, QUERIES, K = 128, 1000, 1000, 10
# One in a hundred of the clusters, so that all rows that match lie together.
FILTERS = {
    "10 %": "u < 0.1",
    "1 %": "u < 0.01",
    "0.1 %": "u < 0.001",
    "1 %, of ten clusters": "c < 10",
}


def make(folder, rows):
    random = np.random.default_rng(7)
    centres = random.normal(size=(CLUSTERS, DIMENSION)).astype("f4")

    def around(count):
        cluster = random.integers(0, CLUSTERS, count)
        return cluster, (centres[cluster] + 0.5 * random.normal(size=(count, DIMENSION))).astype("f4")

    cluster, vectors = around(rows)
    _, queries = around(QUERIES)

    def column(vectors):
        return pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIMENSION)

    os.makedirs(folder, exist_ok=True)
    table = {
        "id": pa.array(np.arange(rows)),
        "u": pa.array(random.random(rows)),
        "c": pa.array(cluster),
        "v": column(vectors),
    }
    pq.write_table(pa.table(table), os.path.join(folder, "vectors.parquet"))
    pq.write_table(pa.table({"id": pa.array(np.arange(QUERIES)), "v": column(queries)}), os.path.join(folder, "queries.parquet"))


def read(folder, name):
    table = pq.read_table(os.path.join(folder, name))
    vectors = table["v"].combine_chunks().flatten().to_numpy().reshape(-1, DIMENSION)
    return table, np.ascontiguousarray(vectors)


def truth(vectors, queries, mask):
    """The nearest rows among those of `mask`, by exact differences."""
    places = np.flatnonzero(mask)
    chosen = vectors[places]
    nearest = []
    for query in queries:
        distances = ((chosen - query) ** 2).sum(axis=1)
        nearest.append(set(places[np.argsort(distances, kind="stable")[:K]]))
    return nearest


def report(name, case, ask, queries, nearest, build=None):
    """Asks every query, and prints rows returned, recall and times."""
    ask(queries[0], 0)
    times, hits, rows = [], 0, 0
    for number, query in enumerate(queries):
        start = time.perf_counter()
        found = ask(query, number)
        times.append(time.perf_counter() - start)
        hits += len(nearest[number] & set(int(key) for key in found))
        rows += len(found)
    p50, p99 = (float(np.quantile(times, q)) * 1e3 for q in (0.5, 0.99))
    built = "" if build is None else f"{build:9.1f}"
    print(
        f"{name:<32} {case:<22} {built:>9} {p50:9.3f} {p99:9.3f} {hits / (K * len(queries)):8.4f} {rows / len(queries):6.2f}",
        flush=True,
    )


def timed(work):
    start = time.perf_counter()
    made = work()
    return made, time.perf_counter() - start


def run(folder):
    table, vectors = read(folder, "vectors.parquet")
    _, queries = read(folder, "queries.parquet")
    queries = queries[: int(os.environ.get("QUERIES", "200"))]
    columns = {name: table[name].to_numpy() for name in ("u", "c")}
    masks = {"all rows": np.ones(len(vectors), bool)}
    for name, predicate in FILTERS.items():
        column, _, number = predicate.split()
        masks[name] = columns[column] < float(number)
    nearest = {name: truth(vectors, queries, mask) for name, mask in masks.items()}
    wanted = sys.argv[3:]
    print(f"{len(vectors)} rows of {DIMENSION}, {len(queries)} queries, k = {K}")
    print(f"{'':<32} {'':<22} {'build (s)':>9} {'p50 (ms)':>9} {'p99 (ms)':>9} {'recall':>8} {'rows':>6}")
    for peer in (faiss_hnsw, hnswlib_hnsw, usearch_hnsw, duckdb_vss, lancedb_hnsw, sqlite_exact):
        if wanted and peer.__name__ not in wanted:
            continue
        try:
            peer(table, vectors, queries, masks, nearest)
        except Exception as error:  # a peer that cannot be had is said, and the others go on
            print(f"{peer.__name__}: {type(error).__name__}: {error}", flush=True)


def faiss_hnsw(table, vectors, queries, masks, nearest):
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.IndexHNSWFlat(DIMENSION, 16)
    index.hnsw.efConstruction = 128
    _, build = timed(lambda: index.add(vectors))
    for name, mask in masks.items():
        parameters = faiss.SearchParametersHNSW(efSearch=64)
        if name != "all rows":
            selector = faiss.IDSelectorBatch(np.flatnonzero(mask))
            parameters = faiss.SearchParametersHNSW(efSearch=64, sel=selector)

        def ask(query, _):
            _, keys = index.search(query[None], K, params=parameters)
            return keys[0][keys[0] >= 0]

        report("faiss HNSW16 128/64", name, ask, queries, nearest[name], build)


def hnswlib_hnsw(table, vectors, queries, masks, nearest):
    import hnswlib

    index = hnswlib.Index("l2", DIMENSION)
    index.init_index(len(vectors), M=16, ef_construction=128)
    index.set_num_threads(1)
    _, build = timed(lambda: index.add_items(vectors, np.arange(len(vectors)), num_threads=1))
    index.set_ef(64)
    for name, mask in masks.items():
        allowed = None if name == "all rows" else lambda key, mask=mask: bool(mask[key])

        def ask(query, _):
            keys, _ = index.knn_query(query[None], K, num_threads=1, filter=allowed)
            return keys[0]

        try:
            report("hnswlib M16 128/64", name, ask, queries, nearest[name], build)
        except RuntimeError as error:
            print(f"{'hnswlib M16 128/64':<32} {name:<22} {error}", flush=True)


def usearch_hnsw(table, vectors, queries, masks, nearest):
    from usearch.index import Index

    for storage in ("f32", "f16", "i8"):
        index = Index(ndim=DIMENSION, metric="l2sq", dtype=storage, connectivity=16, expansion_add=128, expansion_search=64)
        _, build = timed(lambda: index.add(np.arange(len(vectors)), vectors, threads=1))

        # Its Python package takes no filter.
        def ask(query, _):
            return index.search(query, K, threads=1).keys

        report(f"usearch {storage} M16 128/64", "all rows", ask, queries, nearest["all rows"], build)


def duckdb_vss(table, vectors, queries, masks, nearest):
    import duckdb
    import duckdb_extension_vss

    connection = duckdb.connect(config={"threads": 1, "allow_unsigned_extensions": True})
    home = os.path.dirname(duckdb_extension_vss.__file__)
    found = [os.path.join(at, file) for at, _, files in os.walk(home) for file in files if "duckdb_extension" in file]
    library = found[0]
    if library.endswith(".gz"):
        import gzip

        plain = os.path.join(tempfile.mkdtemp(), "vss.duckdb_extension")
        with gzip.open(library) as packed, open(plain, "wb") as out:
            out.write(packed.read())
        library = plain
    connection.execute(f"LOAD '{library}'")
    connection.register("rows", table)
    connection.execute(f"CREATE TABLE t AS SELECT id, u, c, v::FLOAT[{DIMENSION}] AS v FROM rows")

    def index():
        connection.execute("CREATE INDEX h ON t USING HNSW (v) WITH (metric = 'l2sq', M = 16, ef_construction = 128, ef_search = 64)")

    _, build = timed(index)
    for name in masks:
        where = "" if name == "all rows" else f"WHERE {FILTERS[name]}"

        def literal(query, _):
            values = ",".join(repr(float(x)) for x in query)
            sql = f"SELECT id FROM t {where} ORDER BY array_distance(v, [{values}]::FLOAT[{DIMENSION}]) LIMIT {K}"
            return [row[0] for row in connection.execute(sql).fetchall()]

        report("DuckDB vss, literal", name, literal, queries, nearest[name], build)
    sql = f"SELECT id FROM t ORDER BY array_distance(v, $1::FLOAT[{DIMENSION}]) LIMIT {K}"

    def parameter(query, _):
        return [row[0] for row in connection.execute(sql, [query.tolist()]).fetchall()]

    report("DuckDB vss, parameter", "all rows", parameter, queries[:50], nearest["all rows"])
    connection.execute("DROP INDEX h")
    for name in masks:
        where = "" if name == "all rows" else f"WHERE {FILTERS[name]}"

        def exact(query, _):
            values = ",".join(repr(float(x)) for x in query)
            sql = f"SELECT id FROM t {where} ORDER BY array_distance(v, [{values}]::FLOAT[{DIMENSION}]) LIMIT {K}"
            return [row[0] for row in connection.execute(sql).fetchall()]

        report("DuckDB without index", name, exact, queries[:50], nearest[name])


def lancedb_hnsw(table, vectors, queries, masks, nearest):
    import lancedb
    from lancedb.index import HnswSq

    with tempfile.TemporaryDirectory() as folder:
        rows = lancedb.connect(folder).create_table("t", table)

        def index():
            rows.create_index("v", config=HnswSq(distance_type="l2", m=16, ef_construction=128))

        _, build = timed(index)
        for refine in (None, 10):
            for name in masks:

                def ask(query, _):
                    search = rows.search(query, vector_column_name="v").limit(K).select(["id"])
                    if refine:
                        search = search.refine_factor(refine).nprobes(20)
                    if name != "all rows":
                        search = search.where(FILTERS[name], prefilter=True)
                    return search.to_arrow()["id"].to_pylist()

                label = "LanceDB IVF_HNSW_SQ" + (f", refine {refine}" if refine else "")
                report(label, name, ask, queries, nearest[name], build)


def sqlite_exact(table, vectors, queries, masks, nearest):
    import apsw  # the module of the standard library may be built without extensions
    import sqlite_vec

    connection = apsw.Connection(":memory:")
    connection.enable_load_extension(True)
    connection.load_extension(sqlite_vec.loadable_path())
    connection.execute(f"CREATE VIRTUAL TABLE t USING vec0(id INTEGER PRIMARY KEY, u FLOAT, c INTEGER, v FLOAT[{DIMENSION}])")

    def fill():
        rows = zip(table["id"].to_pylist(), table["u"].to_pylist(), table["c"].to_pylist(), vectors)
        connection.executemany("INSERT INTO t VALUES (?, ?, ?, ?)", ((i, u, c, v.tobytes()) for i, u, c, v in rows))

    _, build = timed(fill)
    for name in masks:
        where = "" if name == "all rows" else f"AND {FILTERS[name]}"
        sql = f"SELECT id FROM t WHERE v MATCH ? AND k = {K} {where}"

        def ask(query, _):
            return [row[0] for row in connection.execute(sql, (query.tobytes(),)).fetchall()]

        report("sqlite-vec (exact)", name, ask, queries[:50], nearest[name], build)


if __name__ == "__main__":
    if sys.argv[1:2] == ["make"]:
        make(sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 100_000)
    elif sys.argv[1:2] == ["run"]:
        run(sys.argv[2])
    else:
        sys.exit(__doc__)
