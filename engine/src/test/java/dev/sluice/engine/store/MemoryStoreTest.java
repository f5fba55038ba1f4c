package dev.sluice.engine.store;

import java.util.List;
import reactor.core.scheduler.Scheduler;

class MemoryStoreTest extends StoreContract {

    @Override
    Store store(Scheduler scheduler) {
        return new MemoryStore(scheduler);
    }

    @Override
    List<String> leftovers() {
        return List.of();
    }
}
