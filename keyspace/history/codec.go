package history

import (
	"errors"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

// codec decodes responses with many events in a few allocations, and in place: keys and values stay where they have
// come, and live as long as any of them. All else it leaves to the codec of grpc.
type codec struct{ encoding.CodecV2 }

func newCodec() codec { return codec{encoding.GetCodecV2("proto")} }

// Unmarshal decodes a message.
func (c codec) Unmarshal(data mem.BufferSlice, m any) error {
	if resp, ok := m.(*pb.WatchResponse); ok {
		if err := decode(data.Materialize(), resp); err == nil {
			return nil
		}
		resp.Reset()
	}
	return c.CodecV2.Unmarshal(data, m)
}

// The numbers of the fields that a watch response, an event and a key-value pair have.
const (
	fieldEvents = 11

	fieldType   = 1
	fieldKV     = 2
	fieldPrevKV = 3

	fieldKey            = 1
	fieldCreateRevision = 2
	fieldModRevision    = 3
	fieldVersion        = 4
	fieldValue          = 5
	fieldLease          = 6
)

// errOther is that of a message which another decoder has to look at: it is broken, or has fields that are new.
var errOther = errors.New("not a message as it is known")

// fields calls f with each field of a message: with its bytes, or else with its number.
func fields(msg []byte, f func(num protowire.Number, bytes []byte, number uint64) error) error {
	for len(msg) > 0 {
		num, kind, n := protowire.ConsumeTag(msg)
		if n < 0 {
			return errOther
		}
		msg = msg[n:]
		var bytes []byte
		var number uint64
		switch kind {
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(msg)
			bytes = bytes[:len(bytes):len(bytes)]
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(msg)
		default:
			return errOther
		}
		if n < 0 {
			return errOther
		}
		msg = msg[n:]
		if err := f(num, bytes, number); err != nil {
			return err
		}
	}
	return nil
}

// decode decodes a response, whose events keep hold of msg.
func decode(msg []byte, resp *pb.WatchResponse) error {
	events := 0
	var rest []byte
	for left := msg; len(left) > 0; {
		num, _, n := protowire.ConsumeField(left)
		if n < 0 {
			return errOther
		}
		if num == fieldEvents {
			events++
		} else {
			rest = append(rest, left[:n]...)
		}
		left = left[n:]
	}
	if err := proto.Unmarshal(rest, resp); err != nil {
		return err
	}
	if events == 0 {
		return nil
	}
	d := decoder{events: make([]mvccpb.Event, events), kvs: make([]mvccpb.KeyValue, events)}
	resp.Events = make([]*mvccpb.Event, 0, events)
	return fields(msg, func(num protowire.Number, bytes []byte, _ uint64) error {
		switch {
		case num != fieldEvents:
			return nil
		case bytes == nil:
			return errOther
		}
		e, err := d.event(bytes)
		resp.Events = append(resp.Events, e)
		return err
	})
}

// decoder hands out events and pairs that were allocated together.
type decoder struct {
	events []mvccpb.Event
	kvs    []mvccpb.KeyValue
}

func (d *decoder) event(msg []byte) (*mvccpb.Event, error) {
	e := &d.events[0]
	d.events = d.events[1:]
	return e, fields(msg, func(num protowire.Number, bytes []byte, number uint64) (err error) {
		switch {
		case num == fieldType && bytes == nil:
			e.Type = mvccpb.Event_EventType(number)
		case num == fieldKV && bytes != nil:
			e.Kv, err = d.pair(bytes)
		case num == fieldPrevKV && bytes != nil:
			e.PrevKv, err = d.pair(bytes)
		default:
			err = errOther
		}
		return err
	})
}

func (d *decoder) pair(msg []byte) (*mvccpb.KeyValue, error) {
	if len(d.kvs) == 0 {
		d.kvs = make([]mvccpb.KeyValue, len(d.events)+1)
	}
	kv := &d.kvs[0]
	d.kvs = d.kvs[1:]
	return kv, fields(msg, func(num protowire.Number, bytes []byte, number uint64) error {
		if (bytes != nil) != (num == fieldKey || num == fieldValue) {
			return errOther
		}
		switch num {
		case fieldKey:
			kv.Key = bytes
		case fieldCreateRevision:
			kv.CreateRevision = int64(number)
		case fieldModRevision:
			kv.ModRevision = int64(number)
		case fieldVersion:
			kv.Version = int64(number)
		case fieldValue:
			kv.Value = bytes
		case fieldLease:
			kv.Lease = int64(number)
		default:
			return errOther
		}
		return nil
	})
}
