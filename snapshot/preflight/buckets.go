package preflight

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/coreos/go-semver/semver"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
	"etcdkit/snapshot/datadir"
)

// readBuckets reads what is about the cluster (server/storage/schema).
func (f *facts) readBuckets(ctx context.Context, d *datadir.Dir) error {
	for _, one := range []struct {
		bucket string
		use    func(key, value []byte) error
	}{
		{"cluster", f.clusterRecord}, {snapshot.MetaBucket, f.metaRecord}, {"alarm", f.alarmRecord},
	} {
		if err := d.Each(ctx, one.bucket, one.use); err != nil {
			return err
		}
	}
	return nil
}

func (f *facts) clusterRecord(key, value []byte) (err error) {
	switch string(key) {
	case "clusterVersion":
		f.cluster, err = version(key, value)
	case "downgrade":
		var info struct {
			Target  string `json:"target-version"`
			Enabled bool   `json:"enabled"`
		}
		if err = json.Unmarshal(value, &info); err == nil && info.Enabled {
			f.downgrade = info.Target
		}
	}
	return err
}

func (f *facts) metaRecord(key, value []byte) (err error) {
	if string(key) == "storageVersion" {
		f.storage, err = version(key, value)
	}
	return err
}

func version(key, value []byte) (*semver.Version, error) {
	v, err := semver.NewVersion(string(value))
	if err != nil {
		return nil, &snapshot.CorruptError{Page: snapshot.NoPage, Key: key, Detail: fmt.Sprintf("version %q: %v", value, err)}
	}
	return v, nil
}

func (f *facts) alarmRecord(key, _ []byte) error {
	var a pb.AlarmMember
	if err := proto.Unmarshal(key, &a); err != nil {
		return &snapshot.CorruptError{Page: snapshot.NoPage, Key: key, Detail: err.Error()}
	}
	f.alarms = append(f.alarms, fmt.Sprintf("%s of member %x", a.GetAlarm(), a.GetMemberID()))
	return nil
}
