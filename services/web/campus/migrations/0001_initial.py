"""The first state of all tables."""

import django.core.validators
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.CreateModel(
            name='College',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('town', models.CharField(max_length=80)),
            ],
        ),
        migrations.CreateModel(
            name='Dorm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80)),
                ('college', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='dorms', to='campus.college')),
            ],
        ),
        migrations.CreateModel(
            name='Profile',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, serialize=False, to=settings.AUTH_USER_MODEL)),
                ('name', models.CharField(max_length=80)),
                ('thumb', models.CharField(default='/static/campus/thumbs/00.svg', max_length=200, validators=[django.core.validators.RegexValidator('^(/|https://)', 'Give a path on this site or an https URL.')], verbose_name='thumbnail URL')),
                ('class_year', models.PositiveSmallIntegerField(validators=[django.core.validators.MinValueValidator(1900), django.core.validators.MaxValueValidator(2100)])),
                ('major', models.CharField(choices=[('anthropology', 'Anthropology'), ('architecture', 'Architecture'), ('art-history', 'Art History'), ('biology', 'Biology'), ('chemistry', 'Chemistry'), ('classics', 'Classics'), ('computer-science', 'Computer Science'), ('economics', 'Economics'), ('english', 'English'), ('geology', 'Geology'), ('history', 'History'), ('linguistics', 'Linguistics'), ('mathematics', 'Mathematics'), ('mechanical-engineering', 'Mechanical Engineering'), ('music', 'Music'), ('philosophy', 'Philosophy'), ('physics', 'Physics'), ('political-science', 'Political Science'), ('psychology', 'Psychology'), ('sociology', 'Sociology')], max_length=40)),
                ('about', models.TextField(blank=True, max_length=500)),
                ('college', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='campus.college')),
                ('dorm', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, to='campus.dorm')),
            ],
        ),
        migrations.CreateModel(
            name='Post',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField(max_length=2000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('author', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='posts', to='campus.profile')),
            ],
        ),
        migrations.CreateModel(
            name='Friendship',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('friend', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='campus.profile')),
                ('user', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='friendships', to='campus.profile')),
            ],
        ),
        migrations.CreateModel(
            name='Comment',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('body', models.TextField(max_length=2000)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('post', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='campus.post')),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='comments', to='campus.profile')),
            ],
        ),
        migrations.AddConstraint(
            model_name='dorm',
            constraint=models.UniqueConstraint(fields=('college', 'name'), name='dorm_once_per_college'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['name', 'user'], name='profile_name'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['college', 'name', 'user'], name='profile_college'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['dorm', 'name', 'user'], name='profile_dorm'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['class_year', 'name', 'user'], name='profile_class_year'),
        ),
        migrations.AddIndex(
            model_name='profile',
            index=models.Index(fields=['major', 'name', 'user'], name='profile_major'),
        ),
        migrations.AddConstraint(
            model_name='profile',
            constraint=models.CheckConstraint(condition=models.Q(('class_year__range', (1900, 2100))), name='profile_class_year_plausible'),
        ),
        migrations.AddIndex(
            model_name='post',
            index=models.Index(fields=['author', '-created_at', '-id'], name='post_newest'),
        ),
        migrations.AddConstraint(
            model_name='friendship',
            constraint=models.UniqueConstraint(fields=('user', 'friend'), name='friendship_once'),
        ),
        migrations.AddConstraint(
            model_name='friendship',
            constraint=models.CheckConstraint(condition=models.Q(('user', models.F('friend')), _negated=True), name='friendship_of_two'),
        ),
        migrations.AddIndex(
            model_name='comment',
            index=models.Index(fields=['post', 'id'], name='comment_oldest'),
        ),
    ]
