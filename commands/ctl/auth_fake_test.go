package ctl

import (
	"net"
	"strings"
	"sync"
	"testing"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// authServer is an etcd server that returns a test's answer to any request of
// one message, and records the requests.
type authServer struct {
	answer func(proto.Message) (proto.Message, error) // nil, or nil and no error: nothing but the header

	mu   sync.Mutex
	seen []proto.Message
}

// start serves until the test ends and returns the endpoint.
func (f *authServer) start(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := grpc.NewServer(grpc.UnknownServiceHandler(f.handle)), make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.Serve(l) // returns when the server is stopped
	}()
	t.Cleanup(func() { s.Stop(); <-ended })
	return l.Addr().String()
}

func (f *authServer) handle(_ any, stream grpc.ServerStream) error {
	name, _ := grpc.MethodFromServerStream(stream)
	service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service))
	if err != nil {
		return err
	}
	types := found.(protoreflect.ServiceDescriptor).Methods().ByName(protoreflect.Name(method))
	req, err := newMessage(types.Input())
	if err != nil {
		return err
	}
	if err := stream.RecvMsg(req); err != nil {
		return err
	}
	f.mu.Lock()
	f.seen = append(f.seen, req)
	f.mu.Unlock()
	var resp proto.Message
	if f.answer != nil {
		resp, err = f.answer(req)
	}
	if resp == nil && err == nil {
		if resp, err = newMessage(types.Output()); err == nil {
			header := types.Output().Fields().ByName("header")
			resp.ProtoReflect().Set(header, protoreflect.ValueOfMessage(fakeHeader().ProtoReflect()))
		}
	}
	if err != nil {
		return err
	}
	return stream.SendMsg(resp)
}

func newMessage(d protoreflect.MessageDescriptor) (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(d.FullName())
	if err != nil {
		return nil, err
	}
	return kind.New().Interface(), nil
}

// requests returns the requests that the server received.
func (f *authServer) requests() []proto.Message {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]proto.Message(nil), f.seen...)
}

// authAnswers answers as a cluster with a user u, who has the roles a and b.
func authAnswers(req proto.Message) (proto.Message, error) {
	switch r := req.(type) {
	case *pb.AuthStatusRequest:
		return &pb.AuthStatusResponse{Header: fakeHeader(), Enabled: true, AuthRevision: 5}, nil
	case *pb.AuthUserListRequest:
		return &pb.AuthUserListResponse{Header: fakeHeader(), Users: []string{"root", "u"}}, nil
	case *pb.AuthUserGetRequest:
		return &pb.AuthUserGetResponse{Header: fakeHeader(), Roles: []string{"a", "b"}}, nil
	case *pb.AuthRoleListRequest:
		return &pb.AuthRoleListResponse{Header: fakeHeader(), Roles: []string{"a", "b"}}, nil
	case *pb.AuthRoleGetRequest:
		return &pb.AuthRoleGetResponse{Header: fakeHeader(), Perm: permsOf(r.GetRole())}, nil
	case *pb.AlarmRequest:
		return &pb.AlarmResponse{Header: fakeHeader(), Alarms: []*pb.AlarmMember{{MemberID: 2, Alarm: pb.AlarmType_NOSPACE}}}, nil
	}
	return nil, nil
}
