package bolt

import "hash/crc32"

// Sum is the CRC-32C of a run of elements and their number. Sums of neighbours
// add up.
type Sum struct {
	CRC     uint32
	Bytes   int64 // that went into CRC
	Records int   // elements
	Pages   int   // in use; only in the sum of a whole file
}

// Write adds b to the CRC; without a table it does nothing.
func (s *Sum) Write(b []byte, table *crc32.Table) {
	if table == nil {
		return
	}
	s.CRC = crc32.Update(s.CRC, table, b)
	s.Bytes += int64(len(b))
}

// Add appends the sum of what follows.
func (s *Sum) Add(next Sum) {
	s.CRC = joinCRC(s.CRC, next.CRC, next.Bytes)
	s.Bytes += next.Bytes
	s.Records += next.Records
}
