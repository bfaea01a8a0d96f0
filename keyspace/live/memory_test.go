package live

import (
	"runtime"
	"testing"

	"etcdkit/keyspace"
)

// The memory of a read does not depend on the size of the range: here 320 MiB,
// by the package's own sizes.
func TestMemory(t *testing.T) {
	const most = 160 << 20 // the server's part is in it
	value := make([]byte, 64<<10)
	keys := numbered("k", 5000)
	for _, streams := range []bool{false, true} {
		f := newFake()
		f.streams = streams
		f.put(func(int) []byte { return value }, keys...)
		r := f.reader(t)
		r.sizes = sizes{}
		var stats runtime.MemStats
		n, peak := 0, uint64(0)
		for page, err := range r.Pages(t.Context(), keyspace.Range{Key: "k", End: "l"}) {
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.KVs)
			runtime.ReadMemStats(&stats)
			peak = max(peak, stats.HeapAlloc)
		}
		if n != len(keys) || peak > most {
			t.Errorf("streams %v: %d keys, %d MiB", streams, n, peak>>20)
		}
		t.Logf("streams %v: %d MiB", streams, peak>>20)
	}
}
