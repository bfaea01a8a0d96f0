package mirror

import "etcdkit/commands/ctl/bulk"

func limits(ops int) bulk.Limits { return bulk.Limits{Ops: ops} }
