package migrate

import (
	"fmt"

	"github.com/coreos/go-semver/semver"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/versionpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"etcdkit/snapshot/raftlog"
)

// needs is what the entries of a WAL require of the server that reads them.
type needs struct {
	oldest     semver.Version // the oldest release that knows them all
	v2Requests int            // of clients
	v2Own      int            // of servers
}

func (n *needs) add(e raftlog.Entry) error {
	switch e.Type {
	case raftlog.EntryConfChange:
		n.atLeast(release(3, 0))
		return nil
	case raftlog.EntryConfChangeV2:
		n.atLeast(release(3, 4))
		return nil
	case raftlog.EntryNormal:
	default:
		return fmt.Errorf("an entry of type %d", e.Type)
	}
	v2, err := raftlog.ParseRequest(e.Data)
	if err == nil && v2 != nil {
		if v2.OfClient() {
			n.v2Requests++
		} else {
			n.v2Own++
		}
		return nil
	}
	var r etcdserverpb.InternalRaftRequest
	if err == nil {
		err = proto.Unmarshal(e.Data, &r)
	}
	if err == nil && r.DowngradeVersionTest != nil {
		err = n.parse(r.DowngradeVersionTest.Ver)
	}
	if err == nil {
		err = n.message(r.ProtoReflect())
	}
	return err
}

// message looks at the marks of a message and of all that is set in it.
func (n *needs) message(m protoreflect.Message) (err error) {
	if err := n.mark(m.Descriptor(), versionpb.E_EtcdVersionMsg); err != nil {
		return err
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if err = n.mark(f, versionpb.E_EtcdVersionField); err == nil {
			err = n.value(f, v)
		}
		return err == nil
	})
	return err
}

func (n *needs) value(f protoreflect.FieldDescriptor, v protoreflect.Value) error {
	if f.IsMap() { // which does not exist
		return fmt.Errorf("%s is a map", f.FullName())
	}
	if f.IsList() {
		list := v.List()
		for i := range list.Len() {
			if err := n.single(f, list.Get(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return n.single(f, v)
}

func (n *needs) single(f protoreflect.FieldDescriptor, v protoreflect.Value) error {
	switch f.Kind() {
	case protoreflect.MessageKind:
		return n.message(v.Message())
	case protoreflect.EnumKind:
		if err := n.mark(f.Enum(), versionpb.E_EtcdVersionEnum); err != nil {
			return err
		}
		value := f.Enum().Values().ByNumber(v.Enum())
		if value == nil {
			return fmt.Errorf("%s has no value %d", f.Enum().FullName(), v.Enum())
		}
		return n.mark(value, versionpb.E_EtcdVersionEnumValue)
	}
	return nil
}

// mark reads the release that something is marked with, if it is.
func (n *needs) mark(d protoreflect.Descriptor, mark protoreflect.ExtensionType) error {
	text, ok := proto.GetExtension(d.Options(), mark).(string)
	if !ok || text == "" {
		return nil
	}
	return n.parse(text + ".0")
}

func (n *needs) parse(text string) error {
	v, err := semver.NewVersion(text)
	if err != nil {
		return fmt.Errorf("version %q: %w", text, err)
	}
	n.atLeast(minor(*v))
	return nil
}

func (n *needs) atLeast(v semver.Version) {
	if n.oldest.LessThan(v) {
		n.oldest = v
	}
}
