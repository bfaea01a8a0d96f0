package raftlog

import (
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"etcdkit/snapshot/internal/wire"
)

// Snapshot is a raft snapshot.
type Snapshot struct {
	Mark
	Path string
	Data []byte
}

// Snapshot returns the newest raft snapshot in dir that the WAL has a mark of,
// nil if there is none or dir does not exist. A damaged one is an error that
// matches snapshot.ErrCorrupt, and stays where it is.
func (l *Log) Snapshot(dir string) (*Snapshot, error) {
	names, err := os.ReadDir(dir) // sorted
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, n := range slices.Backward(names) {
		var m Mark
		if parseName(n.Name(), ".snap", &m.Term, &m.Index) && slices.Contains(l.Marks, m) {
			return readSnapshot(filepath.Join(dir, n.Name()), m)
		}
	}
	return nil, nil
}

// readSnapshot reads a file whose name says that it is want.
func readSnapshot(path string, want Mark) (*Snapshot, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	data, m, err := parseSnapshot(b)
	switch {
	case err != nil:
		return nil, damaged(path, "%v", err)
	case m != want:
		return nil, damaged(path, "it is of term %x and index %x", m.Term, m.Index)
	}
	return &Snapshot{Mark: m, Path: path, Data: data}, nil
}

func parseSnapshot(b []byte) (data []byte, m Mark, err error) {
	var sum uint32
	var inner, metadata []byte
	err = wire.Fields(b, func(f wire.Field) error {
		switch f.Num {
		case 1:
			sum = uint32(f.Varint)
		case 2:
			inner = f.Bytes
		}
		return nil
	})
	if err != nil {
		return nil, m, err
	}
	if crc32.Checksum(inner, castagnoli()) != sum || len(inner) == 0 {
		return nil, m, errors.New("its checksum is not that of its data")
	}
	err = wire.Fields(inner, func(f wire.Field) error {
		switch f.Num {
		case 1:
			data = f.Bytes
		case 2:
			metadata = f.Bytes
		}
		return nil
	})
	if err != nil {
		return nil, m, err
	}
	err = wire.Numbers(metadata, map[protowire.Number]*uint64{2: &m.Index, 3: &m.Term})
	return data, m, err
}
