/* floor_connect: the least that a run can cost. Links what the program links, connects to the dialer's database, runs
 * SELECT 1 and ends.
 *
 *     floor_connect SOCKET USER PASSWORD DATABASE */
#include <mysql.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    MYSQL *mysql = mysql_init(NULL);
    if (argc != 5 || mysql == NULL)
        return 64;
    if (mysql_real_connect(mysql, "localhost", argv[2], argv[3], argv[4], 0, argv[1], 0) == NULL ||
        mysql_query(mysql, "SELECT 1") != 0) {
        fprintf(stderr, "floor_connect: %s\n", mysql_error(mysql));
        return 1;
    }
    mysql_free_result(mysql_store_result(mysql));
    mysql_close(mysql);
    return 0;
}
