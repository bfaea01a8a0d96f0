package keyspace

// Watch says which events of which keys to watch.
type Watch struct {
	Key, End       string // as in etcd's API
	From           int64  // the first revision; 0 means the next one, or with Until the oldest that the source has
	Until          int64  // the last revision; 0 means that the watch does not end
	NoPut          bool   // omit the events of one kind
	NoDelete       bool
	PrevKV         bool
	ProgressNotify bool
}
