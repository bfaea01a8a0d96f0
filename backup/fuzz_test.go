package backup

import (
	"testing"
	"time"

	"etcdkit/backup/pack"
)

// Whatever is in the place of a manifest or a record is decoded or refused.
func FuzzManifest(f *testing.F) {
	content, err := pack.Seal(Manifest{Format: 1, Name: "20261130T021400Z-3-00000000", Time: time.Unix(0, 0), Data: "snapshot.db.zst"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	record, err := pack.Seal(Record{Format: 1, Backup: "20261130T021400Z-3-00000000"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(record)
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := parseManifest("20261130T021400Z-3-00000000", b); err == nil && m.Name == "" {
			t.Error("a manifest without a name")
		}
		_, _ = parseRecord("20261130T021400Z-3-00000000", b)
		_, _ = parseRecord("20261130T021400Z-3-00000000", Reseal(t, append(b, `,"sha256":"`...)))
	})
}
