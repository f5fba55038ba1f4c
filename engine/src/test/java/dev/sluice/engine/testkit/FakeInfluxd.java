package dev.sluice.engine.testkit;

import dev.sluice.engine.meta.proto.ContinuousQueryInfo;
import dev.sluice.engine.meta.proto.Data;
import dev.sluice.engine.meta.proto.DatabaseInfo;
import dev.sluice.engine.meta.proto.RetentionPolicyInfo;
import dev.sluice.engine.meta.proto.ShardGroupInfo;
import dev.sluice.engine.meta.proto.ShardInfo;
import dev.sluice.engine.meta.proto.UserInfo;
import dev.sluice.engine.model.ServerAddress;
import dev.sluice.engine.model.ShardRef;
import dev.sluice.engine.testkit.ScriptedServer.Conversation;
import dev.sluice.engine.testkit.ScriptedServer.Request;
import dev.sluice.engine.testkit.ScriptedServer.Script;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Function;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * As much of influxd as a restore sees, in memory: its metastore, the import of databases (type 6), uploads (type 7), and
 * shards to read back. As trusting as the real one: files are kept under whatever name they have, and nothing is
 * acknowledged. A test puts its own script in the place of any conversation.
 */
public final class FakeInfluxd implements AutoCloseable {

    private final ScriptedServer server = ScriptedServer.byRequest(this::script);
    private final Map<Long, Map<String, byte[]>> shards = new ConcurrentSkipListMap<>();
    private volatile Function<Request, Optional<Script>> special = request -> Optional.empty();
    private Data metastore = Data.newBuilder()
            .setTerm(0)
            .setIndex(1)
            .setClusterId(99)
            .setMaxNodeId(0)
            .setMaxShardGroupId(0)
            .setMaxShardId(100)
            .build();

    /** Where it listens. */
    public ServerAddress address() {
        return server.address();
    }

    /** All requests, in the order of connections. */
    public List<Request> requests() {
        return server.requests();
    }

    /** What it does in place of its own answer; empty: its own. */
    public FakeInfluxd when(Function<Request, Optional<Script>> scripts) {
        special = scripts;
        return this;
    }

    /** A database with one policy and no shards, as somebody else might have made it. */
    public synchronized FakeInfluxd withDatabase(String name) {
        metastore = metastore.toBuilder()
                .addDatabases(DatabaseInfo.newBuilder().setName(name).setDefaultRetentionPolicy(""))
                .build();
        return this;
    }

    /** A continuous query in a database that is there. */
    public synchronized FakeInfluxd withQuery(String database, String name, String query) {
        var data = metastore.toBuilder().clearDatabases();
        metastore.getDatabasesList().stream()
                .map(info -> info.getName().equals(database)
                        ? info.toBuilder()
                                .addContinuousQueries(ContinuousQueryInfo.newBuilder()
                                        .setName(name)
                                        .setQuery(query))
                                .build()
                        : info)
                .forEach(data::addDatabases);
        metastore = data.build();
        return this;
    }

    /** A retention policy in a database that is there. */
    public synchronized FakeInfluxd withPolicy(String database, RetentionPolicyInfo policy) {
        var data = metastore.toBuilder().clearDatabases();
        metastore.getDatabasesList().stream()
                .map(info -> info.getName().equals(database)
                        ? info.toBuilder().addRetentionPolicies(policy).build()
                        : info)
                .forEach(data::addDatabases);
        metastore = data.build();
        return this;
    }

    /** A user, and what it may do already. */
    public synchronized FakeInfluxd withUser(UserInfo user) {
        metastore = metastore.toBuilder().addUsers(user).build();
        return this;
    }

    /** Removes a database and its shards. */
    public synchronized void drop(String name) {
        var without = metastore.toBuilder().clearDatabases();
        metastore.getDatabasesList().stream()
                .filter(database -> !database.getName().equals(name))
                .forEach(without::addDatabases);
        metastore = without.build();
    }

    /** The metastore as it is now. */
    public synchronized Data metastore() {
        return metastore;
    }

    /** Names of its databases. */
    public List<String> databases() {
        return metastore().getDatabasesList().stream()
                .map(DatabaseInfo::getName)
                .toList();
    }

    /** The files of all shards by {@code database/policy/id}. */
    public Map<String, Map<String, byte[]>> files() {
        var files = new TreeMap<String, Map<String, byte[]>>();
        shards.forEach((id, content) -> files.put(path(id), content));
        return files;
    }

    /** The files of one shard, which is there; what is done to the map is done to the shard. */
    public Map<String, byte[]> files(String shard) {
        return Objects.requireNonNull(files().get(shard), shard);
    }

    /** Files that somebody else wrote. */
    public void put(long shard, String name, byte[] content) {
        files(path(shard)).put(name, content);
    }

    @Override
    public void close() {
        server.close();
    }

    private Script script(Request request) {
        return special.apply(request).orElseGet(() -> own(request));
    }

    /** What it does by itself. */
    public Script own(Request request) {
        return switch (request.type()) {
            case 0 -> backup(Long.parseUnsignedLong(request.field("ShardID")), request.field("Since"));
            case 1 -> Script.answer(Answers.metastore(metastore().toByteArray()));
            case 6 -> conversation -> conversation.send(imported(conversation, request));
            case 7 -> conversation -> install(request, conversation.receiveArchive());
            default -> Script.nothing();
        };
    }

    private Script backup(long id, String since) {
        Map<String, byte[]> files = shards.get(id);
        if (files == null) {
            return Script.nothing();
        }
        String[] parts = path(id).split("/", -1);
        return Script.answer(
                Answers.shard(new ShardRef(parts[0], parts[1], id), since.startsWith("0001") ? files : Map.of()));
    }

    private byte[] imported(Conversation conversation, Request request) throws IOException {
        Data upload = Data.parseFrom(conversation.receive(Integer.parseInt(request.field("UploadSize"))));
        return imported(upload, request.field("BackupDatabase"));
    }

    /** Does what the real one does with an upload, without a conversation; the answer. */
    public synchronized byte[] imported(Data upload, String name) {
        var pairs = new ArrayList<long[]>();
        Optional<DatabaseInfo> database = upload.getDatabasesList().stream()
                .filter(info -> info.getName().equals(name))
                .findFirst();
        if (database.isPresent() && !databases().contains(name)) {
            var data = metastore.toBuilder();
            var copy = database.get().toBuilder().clearRetentionPolicies();
            for (RetentionPolicyInfo policy : database.get().getRetentionPoliciesList()) {
                copy.addRetentionPolicies(renumbered(policy, data, pairs));
            }
            metastore = data.addDatabases(copy).build();
        }
        var answer =
                ByteBuffer.allocate(16 + 16 * pairs.size()).putLong(0x59590101L).putLong(pairs.size());
        pairs.forEach(pair -> answer.putLong(pair[0]).putLong(pair[1]));
        return answer.array();
    }

    private RetentionPolicyInfo renumbered(RetentionPolicyInfo policy, Data.Builder data, List<long[]> pairs) {
        var renumbered = policy.toBuilder().clearShardGroups();
        for (ShardGroupInfo group : policy.getShardGroupsList()) {
            var copy = group.toBuilder().setId(data.getMaxShardGroupId() + 1).clearShards();
            data.setMaxShardGroupId(copy.getId());
            for (ShardInfo shard : group.getShardsList()) {
                long id = data.getMaxShardId() + 1;
                data.setMaxShardId(id);
                pairs.add(new long[] {shard.getId(), id});
                copy.addShards(ShardInfo.newBuilder().setId(id));
                shards.put(id, new ConcurrentSkipListMap<>());
            }
            renumbered.addShardGroups(copy);
        }
        return renumbered.build();
    }

    private void install(Request request, byte[] archive) throws IOException {
        long id = Long.parseUnsignedLong(request.hex().substring(4), 16);
        Map<String, byte[]> files = shards.get(id);
        String directory = path(id);
        try (var tar = new TarArchiveInputStream(new ByteArrayInputStream(archive), "UTF-8")) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                if (files != null
                        && entry.getName().startsWith(directory)
                        && entry.getName().endsWith("tsm")) {
                    files.put(entry.getName().substring(directory.length() + 1), tar.readAllBytes());
                }
            }
        }
    }

    private synchronized String path(long id) {
        for (DatabaseInfo database : metastore.getDatabasesList()) {
            for (RetentionPolicyInfo policy : database.getRetentionPoliciesList()) {
                for (ShardGroupInfo group : policy.getShardGroupsList()) {
                    if (group.getShardsList().stream().anyMatch(shard -> shard.getId() == id)) {
                        return database.getName() + "/" + policy.getName() + "/" + id;
                    }
                }
            }
        }
        return "gone/gone/" + id;
    }
}
