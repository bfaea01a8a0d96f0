package datadir

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"slices"
	"sort"

	"go.etcd.io/etcd/api/v3/authpb"
	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/protobuf/proto"
)

// root is the name of the user, and of the role, that may do everything.
const root = "root"

// auth is the state of authentication.
type auth struct {
	store       *store
	enabled     bool
	revision    uint64
	permissions map[string]*permissions // of each user, as far as they were asked for
}

func newAuth(s *store) (*auth, error) {
	a := &auth{store: s, permissions: map[string]*permissions{}}
	on, _, err := s.get(authBucket, authEnabledKey)
	if err != nil {
		return nil, err
	}
	a.enabled = bytes.Equal(on, []byte{1})
	rev, ok, err := s.get(authBucket, authRevisionKey)
	if ok && len(rev) == 8 {
		a.revision = binary.BigEndian.Uint64(rev)
	}
	if a.revision == 0 {
		a.revision = 1 // a server sets it when it starts
	}
	return a, err
}

// commit counts a change of users or roles.
func (a *auth) commit() {
	a.revision++
	a.store.put(authBucket, authRevisionKey, binary.BigEndian.AppendUint64(nil, a.revision))
	clear(a.permissions)
}

// message reads a message from a bucket; ok is false if the bucket does not have
// the key.
func message[M proto.Message](s *store, bucket, key string, into M) (_ M, ok bool, err error) {
	b, ok, err := s.get(bucket, key)
	if err != nil || !ok {
		return into, false, err
	}
	if err := proto.Unmarshal(b, into); err != nil {
		return into, false, broken(bucket, key, err)
	}
	return into, true, nil
}

func (a *auth) user(name string) (*authpb.User, bool, error) {
	return message(a.store, usersBucket, name, &authpb.User{})
}

func (a *auth) role(name string) (*authpb.Role, bool, error) {
	return message(a.store, rolesBucket, name, &authpb.Role{})
}

func (a *auth) saveUser(u *authpb.User) error { return a.save(usersBucket, string(u.Name), u) }

func (a *auth) saveRole(r *authpb.Role) error { return a.save(rolesBucket, string(r.Name), r) }

func (a *auth) save(bucket, key string, m proto.Message) error {
	b, err := proto.Marshal(m)
	if err == nil {
		a.store.put(bucket, key, b)
	}
	return err
}

// apply applies a request about users and roles, and ignores others.
func (a *auth) apply(r *pb.InternalRaftRequest) error {
	changed := false
	var err error
	switch {
	case r.AuthEnable != nil:
		return a.enable()
	case r.AuthDisable != nil:
		if changed = a.enabled; changed {
			a.enabled = false
			a.store.put(authBucket, authEnabledKey, []byte{0})
		}
	case r.AuthUserAdd != nil:
		changed, err = a.addUser(r.AuthUserAdd)
	case r.AuthUserDelete != nil:
		changed, err = a.deleteUser(r.AuthUserDelete.Name)
	case r.AuthUserChangePassword != nil:
		changed, err = a.changePassword(r.AuthUserChangePassword)
	case r.AuthUserGrantRole != nil:
		changed, err = a.grantRole(r.AuthUserGrantRole)
	case r.AuthUserRevokeRole != nil:
		changed, err = a.revokeRole(r.AuthUserRevokeRole)
	case r.AuthRoleAdd != nil:
		changed, err = a.addRole(r.AuthRoleAdd.Name)
	case r.AuthRoleDelete != nil:
		changed, err = a.deleteRole(r.AuthRoleDelete.Role)
	case r.AuthRoleGrantPermission != nil:
		changed, err = a.grantPermission(r.AuthRoleGrantPermission)
	case r.AuthRoleRevokePermission != nil:
		changed, err = a.revokePermission(r.AuthRoleRevokePermission)
	}
	if changed && err == nil {
		a.commit()
	}
	return err
}

// enable switches authentication on, if a root user with the root role exists.
func (a *auth) enable() error {
	if a.enabled {
		return nil
	}
	u, ok, err := a.user(root)
	if err != nil || !ok || !hasRoot(u) {
		return err
	}
	a.enabled = true
	a.store.put(authBucket, authEnabledKey, []byte{1})
	clear(a.permissions)
	return nil
}

func hasRoot(u *authpb.User) bool {
	_, ok := slices.BinarySearch(u.Roles, root)
	return ok
}

// password returns what is stored of a password: since 3.5 its hash is in the
// entry. ok is false if that can't be decoded.
func password(plain, hashed string) (_ []byte, ok bool, err error) {
	if plain != "" && hashed == "" {
		b, err := bcrypt.GenerateFromPassword([]byte(plain), bcrypt.DefaultCost)
		return b, err == nil, err
	}
	b, err := base64.StdEncoding.DecodeString(hashed)
	return b, err == nil, nil
}

func (a *auth) addUser(r *pb.AuthUserAddRequest) (bool, error) {
	if r.Name == "" {
		return false, nil
	}
	if _, exists, err := a.user(r.Name); err != nil || exists {
		return false, err
	}
	options := r.Options
	if options == nil {
		options = &authpb.UserAddOptions{}
	}
	u := &authpb.User{Name: []byte(r.Name), Options: options}
	if !options.NoPassword {
		var ok bool
		var err error
		if u.Password, ok, err = password(r.Password, r.HashedPassword); err != nil || !ok {
			return false, err
		}
	}
	return true, a.saveUser(u)
}

func (a *auth) deleteUser(name string) (bool, error) {
	if a.enabled && name == root {
		return false, nil
	}
	_, ok, err := a.user(name)
	if ok {
		a.store.delete(usersBucket, name)
	}
	return ok, err
}

func (a *auth) changePassword(r *pb.AuthUserChangePasswordRequest) (bool, error) {
	u, ok, err := a.user(r.Name)
	if err != nil || !ok {
		return false, err
	}
	u.Password = nil
	if !u.Options.GetNoPassword() {
		if u.Password, ok, err = password(r.Password, r.HashedPassword); err != nil || !ok {
			return false, err
		}
	}
	return true, a.saveUser(u)
}

func (a *auth) grantRole(r *pb.AuthUserGrantRoleRequest) (bool, error) {
	u, ok, err := a.user(r.User)
	if err != nil || !ok {
		return false, err
	}
	if r.Role != root {
		if _, ok, err := a.role(r.Role); err != nil || !ok {
			return false, err
		}
	}
	if _, has := slices.BinarySearch(u.Roles, r.Role); has {
		return false, nil
	}
	u.Roles = append(u.Roles, r.Role)
	slices.Sort(u.Roles)
	return true, a.saveUser(u)
}

func (a *auth) revokeRole(r *pb.AuthUserRevokeRoleRequest) (bool, error) {
	if a.enabled && r.Name == root && r.Role == root {
		return false, nil
	}
	u, ok, err := a.user(r.Name)
	if err != nil || !ok || !slices.Contains(u.Roles, r.Role) {
		return false, err
	}
	u.Roles = slices.DeleteFunc(u.Roles, func(name string) bool { return name == r.Role })
	return true, a.saveUser(u)
}

func (a *auth) addRole(name string) (bool, error) {
	if name == "" {
		return false, nil
	}
	if _, exists, err := a.role(name); err != nil || exists {
		return false, err
	}
	return true, a.saveRole(&authpb.Role{Name: []byte(name)})
}

// deleteRole deletes a role, also from the users that have it.
func (a *auth) deleteRole(name string) (bool, error) {
	if a.enabled && name == root {
		return false, nil
	}
	if _, ok, err := a.role(name); err != nil || !ok {
		return false, err
	}
	a.store.delete(rolesBucket, name)
	var changed []*authpb.User
	err := a.store.each(usersBucket, func(key string, value []byte) error {
		u := &authpb.User{}
		if err := proto.Unmarshal(value, u); err != nil {
			return broken(usersBucket, key, err)
		}
		if slices.Contains(u.Roles, name) {
			u.Roles = slices.DeleteFunc(u.Roles, func(r string) bool { return r == name })
			changed = append(changed, u)
		}
		return nil
	})
	for _, u := range changed {
		if err == nil {
			err = a.saveUser(u)
		}
	}
	return true, err
}

func (a *auth) grantPermission(r *pb.AuthRoleGrantPermissionRequest) (bool, error) {
	p := r.Perm
	if p == nil || !validRange(p.Key, p.RangeEnd) {
		return false, nil
	}
	role, ok, err := a.role(r.Name)
	if err != nil || !ok {
		return false, err
	}
	all := role.KeyPermission
	at, _ := slices.BinarySearchFunc(all, p.Key, func(p *authpb.Permission, key []byte) int { return bytes.Compare(p.Key, key) })
	if at < len(all) && samePlace(all[at], p.Key, p.RangeEnd) {
		all[at].PermType = p.PermType
	} else {
		all = append(all, &authpb.Permission{Key: p.Key, RangeEnd: p.RangeEnd, PermType: p.PermType})
		// Servers use this sort, whose order of equal keys is its own.
		sort.Sort(byKey(all))
	}
	role.KeyPermission = all
	return true, a.saveRole(role)
}

// byKey orders permissions by their keys.
type byKey []*authpb.Permission

// Len implements sort.Interface.
func (p byKey) Len() int { return len(p) }

// Less implements sort.Interface.
func (p byKey) Less(i, j int) bool { return bytes.Compare(p[i].Key, p[j].Key) < 0 }

// Swap implements sort.Interface.
func (p byKey) Swap(i, j int) { p[i], p[j] = p[j], p[i] }

func samePlace(p *authpb.Permission, key, end []byte) bool {
	return bytes.Equal(p.Key, key) && bytes.Equal(p.RangeEnd, end)
}

func (a *auth) revokePermission(r *pb.AuthRoleRevokePermissionRequest) (bool, error) {
	role, ok, err := a.role(r.Role)
	if err != nil || !ok {
		return false, err
	}
	before := len(role.KeyPermission)
	role.KeyPermission = slices.DeleteFunc(role.KeyPermission, func(p *authpb.Permission) bool { return samePlace(p, r.Key, r.RangeEnd) })
	if len(role.KeyPermission) == before {
		return false, nil
	}
	return true, a.saveRole(role)
}
