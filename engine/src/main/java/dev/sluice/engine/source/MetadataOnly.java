package dev.sluice.engine.source;

import dev.sluice.engine.model.Catalog;
import dev.sluice.engine.model.Notice;
import dev.sluice.engine.model.Selection;
import java.util.ArrayList;
import java.util.List;
import reactor.core.publisher.Mono;

/**
 * A source without its shards.
 *
 * @param why said as a notice
 */
public record MetadataOnly(Source source, Notice why) implements Source {

    @Override
    public String describe() {
        return source.describe();
    }

    @Override
    public Mono<SourceSession> open(Selection selection) {
        return source.open(selection).map(session -> {
            List<Notice> notices = new ArrayList<>(session.catalog().notices());
            notices.add(why);
            return new FilesSession(
                    new Catalog(session.catalog().metadata(), List.of(), List.of(), notices), List.of(), List::of);
        });
    }
}
