package org.opensearch.plugins;

import java.security.AccessController;
import java.security.PrivilegedAction;
import java.util.List;

/**
 * Class loader of a plugin that extends others: the parent first, then each of the others.
 *
 * OpenSearch asks for it by this name, and its distribution carries one, which no package does.
 */
public final class ExtendedPluginsClassLoader extends ClassLoader {
    private final List<ClassLoader> extended;

    private ExtendedPluginsClassLoader(ClassLoader parent, List<ClassLoader> extended) {
        super(parent);
        this.extended = List.copyOf(extended);
    }

    /** Called by OpenSearch for every plugin; the permission is granted to this jar alone. */
    public static ExtendedPluginsClassLoader create(ClassLoader parent, List<ClassLoader> extended) {
        return AccessController.doPrivileged(
            (PrivilegedAction<ExtendedPluginsClassLoader>)
                () -> new ExtendedPluginsClassLoader(parent, extended));
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
        for (ClassLoader loader : extended) {
            try {
                return loader.loadClass(name);
            } catch (ClassNotFoundException absent) {
                continue;
            }
        }
        throw new ClassNotFoundException(name);
    }
}
