package bolt

import (
	"hash/crc32"
	"math/rand/v2"
	"testing"
)

func TestJoinCRC(t *testing.T) {
	t.Parallel()
	table := crc32.MakeTable(crc32.Castagnoli)
	r := rand.New(rand.NewPCG(1, 2))
	data := make([]byte, 100_000)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	for _, cut := range []int{0, 1, 2, 7, 8, 100, 4096, 65535, 65536, 99_999, 100_000} {
		first, second := crc32.Checksum(data[:cut], table), crc32.Checksum(data[cut:], table)
		if got, want := joinCRC(first, second, int64(len(data)-cut)), crc32.Checksum(data, table); got != want {
			t.Errorf("cut at %d: got %08x, want %08x", cut, got, want)
		}
	}
}
