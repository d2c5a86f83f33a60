// SPDX-License-Identifier: Apache-2.0
import { MemoryStore } from './memory-store.ts'
import { storeSuite } from './store.suite.ts'

storeSuite({ name: 'memory', open: async () => ({ store: new MemoryStore() }) })
