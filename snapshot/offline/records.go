package offline

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"

	"go.etcd.io/etcd/api/v3/authpb"
	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"google.golang.org/protobuf/proto"

	"etcdkit/snapshot"
)

// Names of etcd's buckets (server/storage/schema/bucket.go) that records are
// read from.
const (
	alarmBucket   = "alarm"
	authBucket    = "auth"
	leaseBucket   = "lease"
	membersBucket = "members"
	rolesBucket   = "authRoles"
	usersBucket   = "authUsers"
)

// Errors with etcd's texts.
var (
	errNoUser = errors.New("etcdserver: user name not found")
	errNoRole = errors.New("etcdserver: role name not found")
)

// rootRole permits everything, whatever is stored of it.
const rootRole = "root"

// storageVersion is a key of the bucket "meta" that servers write from 3.6 on.
const storageVersion = "storageVersion"

// header returns the header of a response.
func (c *Cluster) header(ctx context.Context) (*etcdserverpb.ResponseHeader, error) {
	h, err := c.Head(ctx)
	return &etcdserverpb.ResponseHeader{ClusterId: h.ClusterID, MemberId: h.MemberID, Revision: h.Revision, RaftTerm: h.RaftTerm}, err
}

// damage is the error of a record that can't be decoded.
func damage(key []byte, detail string) error {
	return &snapshot.CorruptError{Page: snapshot.NoPage, Key: slices.Clone(key), Detail: detail}
}

// cannotDecode is damage in the words of the library.
func cannotDecode(key []byte, err error) error {
	return damage(key, "cannot unmarshal: "+err.Error())
}

// Users lists the users.
func (c *Cluster) Users(ctx context.Context) (*etcdserverpb.AuthUserListResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	resp := &etcdserverpb.AuthUserListResponse{Header: h}
	resp.Users, err = c.names(ctx, usersBucket)
	return resp, err
}

// names returns the keys of a bucket.
func (c *Cluster) names(ctx context.Context, bucket string) ([]string, error) {
	var names []string
	err := c.file.Each(ctx, bucket, func(key, _ []byte) error {
		names = append(names, string(key))
		return nil
	})
	return names, err
}

// User describes a user.
func (c *Cluster) User(ctx context.Context, name string) (*etcdserverpb.AuthUserGetResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	user := &authpb.User{}
	if err := c.named(ctx, usersBucket, name, user, errNoUser); err != nil {
		return nil, err
	}
	return &etcdserverpb.AuthUserGetResponse{Header: h, Roles: user.GetRoles()}, nil
}

// named decodes the record of a name; without one, the error is missing.
func (c *Cluster) named(ctx context.Context, bucket, name string, m proto.Message, missing error) error {
	err := missing
	wrong := c.file.Each(ctx, bucket, func(key, value []byte) error {
		if string(key) != name {
			return nil
		}
		err = nil
		if bad := proto.Unmarshal(value, m); bad != nil {
			return cannotDecode(key, bad)
		}
		return nil
	})
	if wrong != nil {
		return wrong
	}
	return err
}

// Roles lists the roles.
func (c *Cluster) Roles(ctx context.Context) (*etcdserverpb.AuthRoleListResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	resp := &etcdserverpb.AuthRoleListResponse{Header: h}
	resp.Roles, err = c.names(ctx, rolesBucket)
	return resp, err
}

// Role describes a role.
func (c *Cluster) Role(ctx context.Context, name string) (*etcdserverpb.AuthRoleGetResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	role := &authpb.Role{}
	if err := c.named(ctx, rolesBucket, name, role, errNoRole); err != nil {
		return nil, err
	}
	resp := &etcdserverpb.AuthRoleGetResponse{Header: h, Perm: role.GetKeyPermission()}
	if name != rootRole {
		return resp, nil
	}
	stated, err := c.names(ctx, snapshot.MetaBucket)
	if slices.Contains(stated, storageVersion) { // 3.5, which does not write it, returns what is stored
		resp.Perm = []*authpb.Permission{{PermType: authpb.READWRITE, RangeEnd: []byte{0}}}
	}
	return resp, err
}

// Members lists the members. A file has no quorum: the consistency is ignored.
func (c *Cluster) Members(ctx context.Context, _ string) (*etcdserverpb.MemberListResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	h.Revision = 0 // as a server answers
	resp := &etcdserverpb.MemberListResponse{Header: h}
	err = c.file.Each(ctx, membersBucket, func(key, value []byte) error {
		var m struct {
			ID         uint64   `json:"id"`
			Name       string   `json:"name"`
			PeerURLs   []string `json:"peerURLs"`
			ClientURLs []string `json:"clientURLs"`
			IsLearner  bool     `json:"isLearner"`
		}
		if err := json.Unmarshal(value, &m); err != nil {
			return cannotDecode(key, err)
		}
		resp.Members = append(resp.Members, &etcdserverpb.Member{ID: m.ID, Name: m.Name, PeerURLs: m.PeerURLs, ClientURLs: m.ClientURLs, IsLearner: m.IsLearner})
		return nil
	})
	slices.SortFunc(resp.Members, func(a, b *etcdserverpb.Member) int { return cmp.Compare(a.GetID(), b.GetID()) })
	return resp, err
}

// Alarms lists the alarms that are on.
func (c *Cluster) Alarms(ctx context.Context) (*etcdserverpb.AlarmResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	resp := &etcdserverpb.AlarmResponse{Header: h}
	err = c.file.Each(ctx, alarmBucket, func(key, _ []byte) error {
		alarm := &etcdserverpb.AlarmMember{}
		if err := proto.Unmarshal(key, alarm); err != nil {
			return cannotDecode(key, err)
		}
		resp.Alarms = append(resp.Alarms, alarm)
		return nil
	})
	return resp, err
}

// AuthStatus reports whether authentication is on.
func (c *Cluster) AuthStatus(ctx context.Context) (*etcdserverpb.AuthStatusResponse, error) {
	h, err := c.header(ctx)
	if err != nil {
		return nil, err
	}
	resp := &etcdserverpb.AuthStatusResponse{Header: h}
	err = c.file.Each(ctx, authBucket, func(key, value []byte) error {
		switch string(key) {
		case "authEnabled":
			resp.Enabled = bytes.Equal(value, []byte{1})
		case "authRevision":
			if len(value) != 8 {
				return damage(key, "not a number of 8 bytes")
			}
			resp.AuthRevision = binary.BigEndian.Uint64(value)
		}
		return nil
	})
	return resp, err
}
