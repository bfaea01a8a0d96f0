package conn

import (
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
)

// secure returns the TLS part of the configuration as clientv3 takes it. The
// file flags may be left out, but not be given without a value.
func (f *Flags) secure() (*clientv3.SecureConfig, error) {
	for _, file := range []struct{ flag, value string }{{"cert", f.cert}, {"key", f.key}, {"cacert", f.cacert}} {
		if file.value == "" && f.given(file.flag) {
			return nil, fmt.Errorf("empty string is passed to --%s option", file.flag)
		}
	}
	s := &clientv3.SecureConfig{
		Cert:               f.cert,
		Key:                f.key,
		Cacert:             f.cacert,
		InsecureTransport:  f.insecureTransport,
		InsecureSkipVerify: f.insecureSkipVerify,
	}
	if !f.insecureDiscovery {
		// The name itself is not what certificates are checked against: that is
		// the host of each endpoint. It makes clientv3 use TLS.
		s.ServerName = f.discoverySrv
	}
	return s, nil
}
