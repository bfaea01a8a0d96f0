package ctl

import (
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"etcdkit/backup"
	"etcdkit/printer/view"
)

// backupNames are the values of a listed backup.
func backupNames() []string {
	return []string{
		"name", "time", "revision", "keys", "size", "stored_size", "server_version", "encrypted", "verified", "verified_at",
		"compact_revision", "hashkv", "leases", "cluster_id", "member_id", "endpoint", "damage",
	}
}

// backupItem is a backup as the list has it.
func backupItem(b *backup.Backup) view.Item {
	at, how := b.Verification()
	verified, when := string(how), ""
	if how != backup.None {
		when = at.UTC().Format(time.RFC3339)
	}
	encrypted, text := "", "not verified"
	if b.Encrypted() {
		encrypted = ", encrypted"
	}
	if how != backup.None {
		text = "verified (" + verified + ") " + when
	}
	if b.Damage != "" {
		text = "damaged: " + b.Damage
	}
	return view.Item{
		Line: fmt.Sprintf("%s, revision %d, %d keys, %s, %s stored, etcd %s%s, %s", b.Name, b.Revision, b.Keys,
			bytesText(b.Plain.Size), bytesText(b.Stored.Size), b.ServerVersion, encrypted, text),
		Values: []view.Named{
			{Name: "name", V: b.Name}, {Name: "time", V: b.Time.UTC().Format(time.RFC3339)}, {Name: "revision", V: b.Revision},
			{Name: "keys", V: b.Keys}, {Name: "size", V: view.Bytes(b.Plain.Size)}, {Name: "stored_size", V: view.Bytes(b.Stored.Size)},
			{Name: "server_version", V: b.ServerVersion}, {Name: "encrypted", V: b.Encrypted()},
			{Name: "verified", V: verified}, {Name: "verified_at", V: when},
			{Name: "compact_revision", V: b.CompactRevision}, {Name: "hashkv", V: int64(b.HashKV)}, {Name: "leases", V: b.Leases},
			{Name: "cluster_id", V: b.ClusterID}, {Name: "member_id", V: b.MemberID}, {Name: "endpoint", V: b.Endpoint},
			{Name: "damage", V: b.Damage},
		},
	}
}

// bytesText is a size for people.
func bytesText(n int64) string { return humanize.Bytes(uint64(n)) } //nolint:gosec // sizes are not negative
